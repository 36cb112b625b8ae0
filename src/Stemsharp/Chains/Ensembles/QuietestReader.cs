using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Chains.Ensembles;

/// <summary>
/// For each channel the whole version whose mean magnitude is least, the first of equal ones. All versions are read once for their
/// means, then side by side.
/// </summary>
internal sealed class QuietestReader : IAudioReader
{
    private const int BlockSamples = 1 << 15;
    private readonly WaveReader _inner;
    private int _channel;

    /// <param name="versions">Open each at its start.</param>
    public QuietestReader(IReadOnlyList<Func<IAudioReader>> versions)
    {
        int[] chosen = Choose(versions);

        // Samples come in order, so that they tell whose channel they are.
        _inner = new WaveReader(Ensemble.Open(versions), samples =>
        {
            float sample = samples[chosen[_channel]];
            _channel = _channel + 1 == chosen.Length ? 0 : _channel + 1;
            return sample;
        });
    }

    public int SampleRate => _inner.SampleRate;

    public int Channels => _inner.Channels;

    public long? Length => _inner.Length;

    public int Read(Span<float> interleaved) => _inner.Read(interleaved);

    public void Dispose() => _inner.Dispose();

    private static int[] Choose(IReadOnlyList<Func<IAudioReader>> versions)
    {
        double[][] sums = [.. versions.Select(open =>
        {
            using IAudioReader reader = open();
            return Magnitudes(reader);
        })];
        return [.. Enumerable.Range(0, sums[0].Length).Select(channel => Enumerable.Range(0, sums.Length).MinBy(version => sums[version][channel]))];
    }

    // All versions are of one length, so that sums stand for means.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[] Magnitudes(IAudioReader reader)
    {
        double[] sums = new double[reader.Channels];
        float[] block = new float[BlockSamples / reader.Channels * reader.Channels];
        for (int frames; (frames = reader.Read(block)) > 0;)
        {
            for (int i = 0; i < frames * sums.Length; i++)
            {
                sums[i % sums.Length] += Math.Abs((double)block[i]);
            }
        }

        return sums;
    }
}
