using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// The transform of any definition, in double precision: the forward transform's rounding is the largest error of networks that
/// normalise quiet bands, and beside a network the price is small.
/// </summary>
internal sealed unsafe class DefinedStft : Stft
{
    private readonly DefinedFrames _frames;

    /// <param name="definition">A valid one.</param>
    /// <param name="samples">Samples L, enough for a frame.</param>
    /// <param name="tier">The instruction set.</param>
    public DefinedStft(TransformDefinition definition, int samples, SimdTier tier)
        : this(definition, samples, FramesOf(definition, samples, tier))
    {
    }

    internal DefinedStft(TransformDefinition definition, int samples, DefinedFrames frames)
        : base(definition, samples, frames.ScratchBytes) => _frames = frames;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ForwardFrames(float* waveform, int begin, int end, float* spectrogram, byte* scratch)
    {
        for (int frame = begin; frame < end; frame += _frames.Lanes)
        {
            _frames.Forward(waveform, frame, Math.Min(_frames.Lanes, end - frame), spectrogram, scratch);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void InverseFrames(float* spectrogram, int begin, int end, float* waveform, float* seam, byte* scratch)
    {
        _frames.BeginInverse(scratch);
        for (int frame = begin; frame < end; frame += _frames.Lanes)
        {
            _frames.Inverse(spectrogram, frame, Math.Min(_frames.Lanes, end - frame), waveform, scratch);
        }

        if (seam is null)
        {
            _frames.EndInverse(end, waveform, scratch);
        }
        else
        {
            _frames.EndInverseInSeam(end, seam, scratch);
        }
    }

    private static DefinedFrames FramesOf(TransformDefinition definition, int samples, SimdTier tier) => tier.Bits switch
    {
        512 => new DefinedFrames<Doubles512, double, Vector512<double>>(definition, samples),
        256 => new DefinedFrames<Doubles256, double, Vector256<double>>(definition, samples),
        128 => new DefinedFrames<Doubles128, double, Vector128<double>>(definition, samples),
        _ => new DefinedFrames<Doubles1, double, double>(definition, samples),
    };
}
