using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>What a frame is multiplied by before the FFT and after the inverse one.</summary>
public enum TransformWindow
{
    /// <summary>½ − ½·cos(2πj/n): torch.hann_window's default, periodic.</summary>
    Hann,

    /// <summary>All ones: torch.stft without a window.</summary>
    Rectangular,
}

/// <summary>What stands outside of a signal.</summary>
public enum PaddingMode
{
    /// <summary>
    /// The signal mirrored without repeating its edge sample (torch's <c>reflect</c>). Where the signal is too short to be mirrored,
    /// zeros follow it first, as many as are needed.
    /// </summary>
    Reflect,

    /// <summary>Zeros.</summary>
    Zeros,
}

/// <summary>How far a signal is lengthened at its end before it is cut into frames.</summary>
public enum PaddingEnd
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>To a whole number of hops, and then by as much as at its start: demucs' hybrid networks.</summary>
    WholeHops,

    /// <summary>To an odd number of hops, by a whole hop or two where it has one already, so that frames are even in number.</summary>
    OddHops,
}

/// <summary>What overlapping frames are divided by on the way back.</summary>
public enum TransformEnvelope
{
    /// <summary>
    /// The sum of the squared windows that lie over a sample, those of dropped frames included (torch.istft). Samples over which no
    /// window lies, or less than 1e-11 of them, are zero.
    /// </summary>
    Real,

    /// <summary>
    /// One number: the sum of squared windows where all frames overlap. The same thing wherever dropped frames cover the edges, and
    /// only valid there.
    /// </summary>
    Constant,
}

/// <summary>How many samples come back.</summary>
public enum TransformOutput
{
    /// <summary>As many as went in.</summary>
    Input,

    /// <summary>hop · (frames − 1): torch.istft without a length.</summary>
    WholeHops,
}

/// <summary>
/// A short-time Fourier transform and its inverse, as plain data. L samples are lengthened outside by <see cref="PadStart"/> and
/// <see cref="PadEnd"/>; then, as torch.stft with <c>center=True</c> does it, mirrored by n/2 at both ends and cut into frames of n
/// samples, a hop apart; <see cref="DroppedFrames"/> at each end and all bins from <see cref="Bins"/> on are left out. On the way
/// back what was left out is zero, imaginary parts of the lowest and the highest bin are ignored, and the samples from
/// <see cref="OutputStart"/> of the lengthened signal on are kept.
/// </summary>
public sealed record TransformDefinition
{
    /// <summary>The FFT's points n = the window's samples: even, a product of 2, 3 and 5, 16 … 65,536.</summary>
    public required int Nfft { get; init; }

    /// <summary>Samples from one frame to the next, 1 … n.</summary>
    public required int Hop { get; init; }

    /// <summary>Bins that are kept, from 0 on; 1 … n/2 + 1.</summary>
    public required int Bins { get; init; }

    /// <summary>The window. Default Hann.</summary>
    public TransformWindow Window { get; init; }

    /// <summary>Whether spectra are scaled by 1/√n, and by √n on the way back.</summary>
    public bool Normalized { get; init; }

    /// <summary>Samples added before the signal. Default 0.</summary>
    public int PadStart { get; init; }

    /// <summary>Samples added after the signal. Default none.</summary>
    public PaddingEnd PadEnd { get; init; }

    /// <summary>What is added there. (The centring of frames always mirrors.)</summary>
    public PaddingMode PadMode { get; init; }

    /// <summary>Frames left out at each end; they still count in the envelope. Default 0.</summary>
    public int DroppedFrames { get; init; }

    /// <summary>What overlapping frames are divided by.</summary>
    public TransformEnvelope Envelope { get; init; }

    /// <summary>The first sample that is kept on the way back, counted in the lengthened signal.</summary>
    public int OutputStart { get; init; }

    /// <summary>How many samples are kept.</summary>
    public TransformOutput Output { get; init; }

    /// <summary>
    /// Whether frames are four hops long and everything around them is such that the envelope is one number: what has a faster way.
    /// </summary>
    internal bool IsQuarterHop =>
        Nfft >= 16 && int.IsPow2(Nfft) && Hop == Nfft / 4 && Bins == Nfft / 2 && PadStart == Hop / 2 * 3 && OutputStart == PadStart
        && this is
        {
            Window: TransformWindow.Hann, Normalized: true, PadEnd: PaddingEnd.WholeHops, PadMode: PaddingMode.Reflect,
            DroppedFrames: 2, Output: TransformOutput.Input,
        };

    /// <summary>What a frame's sample is multiplied by.</summary>
    /// <param name="sample">0 … n − 1.</param>
    internal double WindowAt(int sample) => Window == TransformWindow.Hann ? 0.5 - 0.5 * Math.Cos(2 * Math.PI * sample / Nfft) : 1;

    /// <summary>Samples of the lengthened signal.</summary>
    /// <param name="samples">Samples that go in, at least 1.</param>
    public int PaddedSamples(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        int hops = (samples - 1) / Hop + 1;
        return PadEnd switch
        {
            PaddingEnd.WholeHops => checked(2 * PadStart + hops * Hop),
            PaddingEnd.OddHops => checked(PadStart + ((samples / Hop + 1) | 1) * Hop),
            _ => checked(PadStart + samples),
        };
    }

    /// <summary>Frames that are kept.</summary>
    /// <param name="samples">Samples that go in, at least 1.</param>
    public int Frames(int samples) => PaddedSamples(samples) / Hop + 1 - 2 * DroppedFrames;

    /// <summary>Samples that come back.</summary>
    /// <param name="samples">Samples that went in, at least 1.</param>
    public int OutputSamples(int samples) => Output == TransformOutput.Input ? samples : Hop * (Frames(samples) - 1);

    /// <summary>Refuses what no transform can be made of.</summary>
    /// <exception cref="ModelException">Names the field, its value and what is valid.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Validate()
    {
        int rest = Nfft;
        foreach (int factor in (ReadOnlySpan<int>)[2, 3, 5])
        {
            while (rest > 1 && rest % factor == 0)
            {
                rest /= factor;
            }
        }

        Require(Nfft is >= 16 and <= 65_536 && Nfft % 2 == 0 && rest == 1, $"n_fft = {Nfft} is not supported; an even product of 2, 3 and 5 from 16 to 65,536 is.");
        Require(Hop >= 1 && Hop <= Nfft, $"A hop of {Hop} is not supported with n_fft = {Nfft}; 1 to {Nfft} are.");
        Require(Bins >= 1 && Bins <= Nfft / 2 + 1, $"{Bins} bins are not supported with n_fft = {Nfft}; 1 to {Nfft / 2 + 1} are.");
        Require(Enum.IsDefined(Window), $"The window {Window} is not supported; {string.Join(" and ", Enum.GetNames<TransformWindow>())} are.");
        Require(Enum.IsDefined(PadMode) && Enum.IsDefined(PadEnd), $"The padding {PadEnd}, {PadMode} is not supported.");
        Require(Enum.IsDefined(Envelope) && Enum.IsDefined(Output), $"The envelope {Envelope} with the output {Output} is not supported.");
        Require(Envelope != TransformEnvelope.Constant || AddsUp(), $"A constant envelope is not supported with a {Window} window of {Nfft} and a hop of {Hop}: its squares do not add up to a constant; with a hop of a third of the window, a quarter and so on they do.");
        Require(PadStart >= 0 && PadStart <= Nfft, $"{PadStart} samples of padding are not supported; 0 to {Nfft} are.");
        Require(DroppedFrames is >= 0 and <= 64, $"{DroppedFrames} dropped frames are not supported; 0 to 64 are.");
        Require(OutputStart >= 0 && OutputStart <= PadStart, $"An output from sample {OutputStart} is not supported; 0 to {PadStart} are.");

        // Squares of Hann windows overlap to a constant from three on, rectangles always.
        bool AddsUp() => Nfft % Hop == 0 && (Window == TransformWindow.Rectangular || Nfft / Hop >= 3);

        static void Require(bool valid, string message)
        {
            if (!valid)
            {
                throw new ModelException(message);
            }
        }
    }
}
