using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Signal;

namespace Stemsharp.Tests.Signal;

/// <summary>Transforms of networks, and any others.</summary>
internal static class Definitions
{
    /// <summary>torch.stft and torch.istft as BS-RoFormers use them.</summary>
    public static TransformDefinition Torch(int nfft, int hop) => new() { Nfft = nfft, Hop = hop, Bins = nfft / 2 + 1 };

    /// <summary>MDX23C and MDX-Net: the upper bins are cut off, whole hops come back.</summary>
    public static TransformDefinition Mdx(int nfft, int hop, int bins) =>
        new() { Nfft = nfft, Hop = hop, Bins = bins, Output = TransformOutput.WholeHops };

    /// <summary>SCNet: a rectangular window over an odd number of hops.</summary>
    public static TransformDefinition ScNet(int nfft, int hop) => Torch(nfft, hop) with
    {
        Window = TransformWindow.Rectangular,
        Normalized = true,
        PadEnd = PaddingEnd.OddHops,
        PadMode = PaddingMode.Zeros,
    };

    /// <summary>HTDemucs and HDemucs.</summary>
    public static TransformDefinition Demucs(int nfft) => new()
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

    /// <summary>HDemucs with hybrid_old: zeros around the signal, which comes back late.</summary>
    public static TransformDefinition HybridOld(int nfft) => Demucs(nfft) with
    {
        PadMode = PaddingMode.Zeros,
        Envelope = TransformEnvelope.Real,
        OutputStart = 0,
    };

    /// <summary>Any definition of a small size, with a length that it can take.</summary>
    public static Arbitrary<(TransformDefinition Definition, int Samples)> Any { get; } = (
        from nfft in Gen.Elements(16, 18, 20, 24, 30, 32, 36, 40, 48, 50, 54, 60, 64, 90, 96, 120, 150, 162, 250, 256)
        from hop in Gen.Choose(1, nfft)
        from bins in Gen.Choose(1, nfft / 2 + 1)
        from window in Gen.Elements(TransformWindow.Hann, TransformWindow.Rectangular)
        from normalized in Gen.Elements(false, true)
        from padStart in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, nfft))
        from padEnd in Gen.Elements(PaddingEnd.None, PaddingEnd.WholeHops, PaddingEnd.OddHops)
        from padMode in Gen.Elements(PaddingMode.Reflect, PaddingMode.Zeros)
        from dropped in Gen.Choose(0, 3)
        from outputStart in Gen.Choose(0, padStart)
        from output in Gen.Elements(TransformOutput.Input, TransformOutput.WholeHops)
        from samples in Gen.OneOf(Gen.Choose(1, 3 * nfft), Gen.Choose(40 * hop, 110 * hop))
        let definition = new TransformDefinition
        {
            Nfft = nfft,
            Hop = hop,
            Bins = bins,
            Window = window,
            Normalized = normalized,
            PadStart = padStart,
            PadEnd = padEnd,
            PadMode = padMode,
            DroppedFrames = dropped,
            OutputStart = outputStart,
            Output = output,
        }
        where definition.Frames(samples) > 0
        select (definition, samples)).ToArbitrary();
}
