using System.Collections.Immutable;
using Stemsharp.Graph;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// What a BS-RoFormer or a Mel-Band RoFormer computes, by the names of the trainers' code where it has them. Letters: D channels of a
/// token, K bands, F bins, T frames, S audio channels.
/// </summary>
internal sealed record RoFormerConfig
{
    /// <summary>Whether bands overlap on the mel scale and each transformer ends in a norm; contiguous bands and one last norm otherwise.</summary>
    public required bool IsMel { get; init; }

    /// <summary>D.</summary>
    public required int Dim { get; init; }

    /// <summary>Pairs of transformers, along time and along bands.</summary>
    public required int Depth { get; init; }

    /// <summary>Layers of each transformer along time.</summary>
    public required int TimeTransformerDepth { get; init; }

    /// <summary>Layers of each transformer along bands.</summary>
    public required int FreqTransformerDepth { get; init; }

    public required int Heads { get; init; }

    /// <summary>Channels of a head.</summary>
    public required int DimHead { get; init; }

    /// <summary>Stems that the network gives.</summary>
    public required int NumStems { get; init; }

    /// <summary>Linear layers of a band's mask; tanh stands between them.</summary>
    public required int MaskLayers { get; init; }

    /// <summary>Channels between the linear layers of a mask.</summary>
    public required int MaskHidden { get; init; }

    /// <summary>Numbers that a band takes for a frame: 2·S for each of its bins.</summary>
    public required ImmutableArray<int> BandWidths { get; init; }

    /// <summary>The bands' bins; known once the transform is.</summary>
    public ImmutableArray<BandOp> Bands { get; init; } = [];

    /// <summary>S, 1 or 2; 0 until it is told by the bands' widths.</summary>
    public int Channels { get; init; }

    /// <summary>What the configuration says of S; null where it says nothing.</summary>
    public bool? Stereo { get; init; }

    /// <summary>What the configuration says of the bins of each band; null where it says nothing.</summary>
    public ImmutableArray<int>? FreqsPerBands { get; init; }

    /// <summary>The FFT's points; 0 where the configuration does not say.</summary>
    public int Nfft { get; init; }

    public int WinLength { get; init; }

    public int Hop { get; init; } = 512;

    /// <summary>Whether spectra are scaled by 1/√n_fft.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether each pair of transformers is given the sum of what those before gave.</summary>
    public bool SkipConnection { get; init; }

    /// <summary>
    /// Whether bin 0 of the stems is zero. The trainers' code does so since September 2025, without a word in the configurations; older
    /// versions of it, and other programs, keep it. Default true, as the trainers' code.
    /// </summary>
    public bool ZeroDc { get; init; } = true;

    /// <summary>Whether a mel network gives as many samples as it is given, instead of whole hops only.</summary>
    public bool MatchInputAudioLength { get; init; }

    /// <summary>The rate that the mel bands are laid out for, in Hz.</summary>
    public int MelSampleRate { get; init; } = 44100;

    /// <summary>What the configuration says whatever the network.</summary>
    public TrainerConfig Trainer { get; init; } = new();

    /// <summary>F.</summary>
    public int Bins => Nfft / 2 + 1;
}
