using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>Refuses samples that are no numbers, and says where they are: one of them would spoil a whole segment.</summary>
internal sealed class FiniteReader(IAudioReader inner, string name) : IAudioReader
{
    private long _position;

    public int SampleRate => inner.SampleRate;

    public int Channels => inner.Channels;

    public long? Length => inner.Length;

    public int Read(Span<float> interleaved)
    {
        int frames = inner.Read(interleaved);
        ReadOnlySpan<float> samples = interleaved[..(frames * Channels)];
        if (samples.Length > 0 && !float.IsFinite(TensorPrimitives.MaxMagnitude(samples)))
        {
            Refuse(samples);
        }

        _position += frames;
        return frames;
    }

    public void Dispose() => inner.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Refuse(ReadOnlySpan<float> samples)
    {
        int at = 0;
        while (float.IsFinite(samples[at]))
        {
            at++;
        }

        long frame = _position + at / Channels;
        string seconds = ((double)frame / SampleRate).ToString("F3", CultureInfo.InvariantCulture);
        string what = float.IsNaN(samples[at]) ? "not a number (NaN)" : "infinite";
        throw new AudioException(
            $"'{name}' holds a sample that is {what}: channel {at % Channels + 1}, sample {frame} ({seconds} s). "
            + "Audio must be finite numbers; export it again, or cut that part out.")
        { Failure = AudioFailure.NotNumbers };
    }
}
