using System.Runtime.CompilerServices;
using Stemsharp.Signal;

namespace Stemsharp.Music;

/// <summary>
/// Cuts a mono signal into overlapping Hann windows and gives the magnitudes of their spectra, scaled so that a sine of full
/// scale is 1. The middle of frame i is sample i · hop; before the start is silence. Two frames go through each transform.
/// </summary>
/// <param name="size">Samples of a window, a power of two.</param>
/// <param name="hop">Samples from frame to frame, at most <paramref name="size"/>.</param>
/// <param name="bins">Bins that are wanted, from 0 Hz on.</param>
/// <param name="take">Gets each frame's magnitudes in turn; they are valid during the call.</param>
internal sealed class MagnitudeFrames(int size, int hop, int bins, Action<float[]> take)
{
    private readonly FourierTransform _transform = new(size);
    private readonly double[] _window = Hann(size);
    private readonly double[] _first = new double[size];
    private readonly double[] _second = new double[size];
    private readonly float[] _magnitudes = new float[bins];

    // A window and the hop behind it, so that two frames are there at once; it starts with half a window of silence.
    private readonly float[] _waiting = new float[size + hop];
    private int _filled = size / 2;

    /// <summary>Takes the next samples.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<float> samples)
    {
        while (!samples.IsEmpty)
        {
            int count = Math.Min(samples.Length, _waiting.Length - _filled);
            samples[..count].CopyTo(_waiting.AsSpan(_filled));
            samples = samples[count..];
            _filled += count;
            if (_filled == _waiting.Length)
            {
                Transform(frames: 2);
                int kept = Math.Max(0, size - hop);
                _waiting.AsSpan(2 * hop).CopyTo(_waiting);
                _filled = kept;
            }
        }
    }

    /// <summary>Gives the frames whose middle lies before the signal's end.</summary>
    public void End()
    {
        int real = _filled - size / 2;
        _waiting.AsSpan(_filled).Clear();
        if (real > 0)
        {
            Transform(real > hop ? 2 : 1);
        }
    }

    private static double[] Hann(int size) => [.. Enumerable.Range(0, size).Select(i => (0.5 - 0.5 * Math.Cos(2 * Math.PI * i / size)) * 4 / size)];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transform(int frames)
    {
        for (int i = 0; i < size; i++)
        {
            _first[i] = _waiting[i] * _window[i];
            _second[i] = _waiting[i + hop] * _window[i];
        }

        _transform.Forward(_first, _second);
        Split(1);
        take(_magnitudes);
        if (frames == 2)
        {
            Split(-1);
            take(_magnitudes);
        }
    }

    /// <summary>Magnitudes of the frame in the real parts (sign 1) or in the imaginary parts (−1): half of Z[k] ± conj Z[N − k].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Split(int sign)
    {
        for (int k = 0; k < bins; k++)
        {
            int mirror = (size - k) & (size - 1);
            double real = _first[k] + sign * _first[mirror], imaginary = _second[k] - sign * _second[mirror];
            _magnitudes[k] = (float)(0.5 * Math.Sqrt(real * real + imaginary * imaginary));
        }
    }
}
