using System.Collections.Concurrent;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// The network's STFT and its inverse for segments of one length. N = FFT size, H = N/4 hop, F = N/2 bins (the top
/// one dropped), L samples, T = ⌈L/H⌉ frames. Frame t sees samples t·H − 3H/2 … + N, the segment reflected at
/// both ends; periodic Hann window, scaled by 1/√N. A spectrogram is [2, F, T], real then imaginary parts.
/// </summary>
/// <remarks>
/// The work is cut into chunks of frames that do not depend on each other, so that the caller can spread them over
/// threads; the cut is fixed, hence so are the bits. Safe for use from several threads.
/// </remarks>
internal sealed unsafe class SegmentStft : IDisposable
{
    /// <summary>Frames per chunk: a multiple of every vector's lanes, small enough to keep many threads busy.</summary>
    private const int ChunkFrames = 48;

    private readonly FrameTransform _transform;
    private readonly ConcurrentBag<NativeBuffer<float>> _scratch = [];
    private bool _disposed;

    /// <param name="nfft">FFT size N: a power of two, at least 16.</param>
    /// <param name="samples">Samples L of a segment, at least 1.</param>
    public SegmentStft(int nfft, int samples)
        : this(nfft, samples, SimdTier.Chosen)
    {
    }

    /// <param name="nfft">FFT size N: a power of two, at least 16.</param>
    /// <param name="samples">Samples L of a segment, at least 1.</param>
    /// <param name="tier">The instruction set.</param>
    internal SegmentStft(int nfft, int samples, SimdTier tier)
    {
        if (nfft < 16 || !int.IsPow2(nfft))
        {
            throw new OptionException($"An FFT of {nfft} points is not supported; a power of two from 16 is valid.");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        Samples = samples;
        Hop = nfft / 4;
        Bins = nfft / 2;
        Frames = (int)(((long)samples + Hop - 1) / Hop);
        Chunks = (Frames + ChunkFrames - 1) / ChunkFrames;
        FrameTables tables = new(nfft, samples, Frames);
        _transform = tier.Bits switch
        {
            512 => new FrameTransform<Simd512, Vector512<float>>(tables),
            256 => new FrameTransform<Simd256, Vector256<float>>(tables),
            128 => new FrameTransform<Simd128, Vector128<float>>(tables),
            _ => new FrameTransform<Simd1, float>(tables),
        };
    }

    /// <summary>Samples L.</summary>
    public int Samples { get; }

    /// <summary>Hop H between frames.</summary>
    public int Hop { get; }

    /// <summary>Bins F.</summary>
    public int Bins { get; }

    /// <summary>Frames T.</summary>
    public int Frames { get; }

    /// <summary>How many pieces each transform of one channel is cut into.</summary>
    public int Chunks { get; }

    /// <summary>Floats that <see cref="Inverse"/> leaves for <see cref="AddSeam"/>: three hops.</summary>
    public int SeamLength => 3 * Hop;

    /// <summary>Transforms one chunk of one channel.</summary>
    /// <param name="waveform">[L].</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 1.</param>
    /// <param name="spectrogram">[2, F, T]; the chunk's frames are overwritten.</param>
    public void Forward(float* waveform, int chunk, float* spectrogram)
    {
        NativeBuffer<float> scratch = Rent();
        (int begin, int end) = FramesOf(chunk);
        for (int frame = begin; frame < end; frame += _transform.Group)
        {
            _transform.Forward(waveform, frame, Math.Min(_transform.Group, end - frame), spectrogram, scratch.Data);
        }

        _scratch.Add(scratch);
    }

    /// <summary>
    /// Transforms one chunk of one channel back and adds it to a waveform. What reaches into the next chunk's
    /// samples is left in the seam.
    /// </summary>
    /// <param name="spectrogram">[2, F, T].</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 1.</param>
    /// <param name="waveform">[L], added to.</param>
    /// <param name="seam"><see cref="SeamLength"/> floats of this chunk and channel; untouched by the last chunk.</param>
    public void Inverse(float* spectrogram, int chunk, float* waveform, float* seam)
    {
        NativeBuffer<float> scratch = Rent();
        (int begin, int end) = FramesOf(chunk);
        _transform.BeginInverse(scratch.Data);
        for (int frame = begin; frame < end; frame += _transform.Group)
        {
            int count = Math.Min(_transform.Group, end - frame);
            _transform.Inverse(spectrogram, frame, count, waveform, scratch.Data);
        }

        if (chunk == Chunks - 1)
        {
            _transform.EndInverse(end, waveform, scratch.Data);
        }
        else
        {
            _transform.EndInverse(seam, scratch.Data);
        }

        _scratch.Add(scratch);
    }

    /// <summary>Adds what a chunk left over to the samples of the chunk after it, when both are done.</summary>
    /// <param name="seam">The chunk's seam.</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 2.</param>
    /// <param name="waveform">[L], added to.</param>
    public void AddSeam(float* seam, int chunk, float* waveform)
    {
        int start = FramesOf(chunk).End * Hop - 3 * Hop / 2;
        int end = Math.Min(start + SeamLength, Samples);
        for (int i = start; i < end; i++)
        {
            waveform[i] += seam[i - start];
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_scratch.TryTake(out NativeBuffer<float>? scratch))
        {
            scratch.Dispose();
        }
    }

    private (int Begin, int End) FramesOf(int chunk) =>
        (chunk * ChunkFrames, Math.Min((chunk + 1) * ChunkFrames, Frames));

    private NativeBuffer<float> Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _scratch.TryTake(out NativeBuffer<float>? scratch) ? scratch : new NativeBuffer<float>(_transform.ScratchLength);
    }
}
