using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// The transform of demucs' hybrid networks in single precision, which shares what neighbouring frames have in common. N = FFT size,
/// a power of two; H = N/4 hop, F = N/2 bins (the top one dropped), T = ⌈L/H⌉ frames. Frame t sees samples
/// t·H − 3H/2 … + N, the segment reflected at both ends; periodic Hann window, scaled by 1/√N.
/// </summary>
internal sealed unsafe class SegmentStft : Stft
{
    private readonly FrameTransform _transform;

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
        : this(DefinitionOf(nfft), samples, TransformOf(nfft, samples, tier))
    {
    }

    private SegmentStft(TransformDefinition definition, int samples, FrameTransform transform)
        : base(definition, samples, transform.ScratchLength * sizeof(float)) => _transform = transform;

    /// <summary>Whether this is what a definition says.</summary>
    public static bool Computes(TransformDefinition definition) => definition.IsQuarterHop;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ForwardFrames(float* waveform, int begin, int end, float* spectrogram, byte* scratch)
    {
        for (int frame = begin; frame < end; frame += _transform.Group)
        {
            _transform.Forward(waveform, frame, Math.Min(_transform.Group, end - frame), spectrogram, (float*)scratch);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void InverseFrames(float* spectrogram, int begin, int end, float* waveform, float* seam, byte* scratch)
    {
        float* room = (float*)scratch;
        _transform.BeginInverse(room);
        for (int frame = begin; frame < end; frame += _transform.Group)
        {
            int count = Math.Min(_transform.Group, end - frame);
            _transform.Inverse(spectrogram, frame, count, waveform, room);
        }

        if (seam is null)
        {
            _transform.EndInverse(end, waveform, room);
        }
        else
        {
            _transform.EndInverse(seam, room);
        }
    }

    private static FrameTransform TransformOf(int nfft, int samples, SimdTier tier)
    {
        FrameTables tables = new(nfft, samples, DefinitionOf(nfft).Frames(samples));
        return tier.Bits switch
        {
            512 => new FrameTransform<Simd512, Vector512<float>>(tables),
            256 => new FrameTransform<Simd256, Vector256<float>>(tables),
            128 => new FrameTransform<Simd128, Vector128<float>>(tables),
            _ => new FrameTransform<Simd1, float>(tables),
        };
    }

    private static TransformDefinition DefinitionOf(int nfft)
    {
        if (nfft < 16 || !int.IsPow2(nfft))
        {
            throw new OptionException($"An FFT of {nfft} points is not supported; a power of two from 16 is valid.");
        }

        return new TransformDefinition
        {
            Nfft = nfft,
            Hop = nfft / 4,
            Bins = nfft / 2,
            Normalized = true,
            PadStart = nfft / 8 * 3,
            PadEnd = PaddingEnd.WholeHops,
            DroppedFrames = 2,
            Envelope = TransformEnvelope.Constant,
            OutputStart = nfft / 8 * 3,
        };
    }
}
