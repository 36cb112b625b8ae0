using System.Collections.Immutable;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// The constructor arguments of the original HTDemucs class that change what the network computes, with the
/// original's defaults. Arguments that matter in training only are not here; unsupported ones are refused
/// where the checkpoint is read.
/// </summary>
internal sealed record HTDemucsConfig
{
    /// <summary>Stem names in the checkpoint's order.</summary>
    public required ImmutableArray<string> Sources { get; init; }

    public int AudioChannels { get; init; } = 2;

    /// <summary>Channels after the first encoder of the frequency branch.</summary>
    public int Channels { get; init; } = 48;

    /// <summary>The same for the time branch; null means <see cref="Channels"/>.</summary>
    public int? ChannelsTime { get; init; }

    /// <summary>Factor on the channels from layer to layer.</summary>
    public int Growth { get; init; } = 2;

    /// <summary>FFT size; the hop length is a quarter of it.</summary>
    public int Nfft { get; init; } = 4096;

    public int Depth { get; init; } = 4;

    /// <summary>Whether each layer has its 1×1 (decoder: context) convolution with GLU.</summary>
    public bool Rewrite { get; init; } = true;

    /// <summary>Weight of the frequency embedding; 0 means none.</summary>
    public double FreqEmb { get; init; } = 0.2;

    public double EmbScale { get; init; } = 10;

    public int KernelSize { get; init; } = 8;

    public int Stride { get; init; } = 4;

    /// <summary>Context of the decoders' rewrite convolutions: kernel 1 + 2·Context.</summary>
    public int Context { get; init; } = 1;

    public int ContextEnc { get; init; }

    /// <summary>First layer that has group norms.</summary>
    public int NormStarts { get; init; } = 4;

    public int NormGroups { get; init; } = 4;

    /// <summary>Bit 0: DConv in the encoders; bit 1: in the decoders.</summary>
    public int DconvMode { get; init; } = 1;

    /// <summary>Layers of each DConv; negative means that many without dilation.</summary>
    public int DconvDepth { get; init; } = 2;

    /// <summary>Compression of DConv's hidden channels.</summary>
    public double DconvComp { get; init; } = 8;

    /// <summary>Channels of the transformer; 0 means those of the innermost encoder, without a resampling convolution.</summary>
    public int BottomChannels { get; init; }

    public int TLayers { get; init; } = 5;

    public int THeads { get; init; } = 8;

    public double THiddenScale { get; init; } = 4;

    public double TMaxPeriod { get; init; } = 10000;

    public double TWeightPosEmbed { get; init; } = 1;

    public bool TNormIn { get; init; } = true;

    /// <summary>Groups of the input norm when <see cref="TNormIn"/> is off; 0 means none.</summary>
    public int TNormInGroup { get; init; }

    /// <summary>Groups of the layers' norms; 0 means layer norm.</summary>
    public int TGroupNorm { get; init; }

    public bool TNormFirst { get; init; } = true;

    /// <summary>Groups of the norm after each layer; 0 means none. Works with <see cref="TNormFirst"/> only.</summary>
    public int TNormOut { get; init; } = 1;

    public bool TLayerScale { get; init; } = true;

    /// <summary>GELU in the feed-forward blocks; ReLU otherwise.</summary>
    public bool TGelu { get; init; } = true;

    /// <summary>Whether the transformer's first layer is a cross layer.</summary>
    public bool TCrossFirst { get; init; }

    public int Samplerate { get; init; } = 44100;

    /// <summary>Segment length in seconds, as a fraction: numerator.</summary>
    public long SegmentNumerator { get; init; } = 10;

    /// <summary>Segment length in seconds, as a fraction: denominator.</summary>
    public long SegmentDenominator { get; init; } = 1;

    /// <summary>Whether the network always runs at its training length, shorter input padded with zeros.</summary>
    public bool UseTrainSegment { get; init; } = true;

    public int HopLength => Nfft / 4;

    /// <summary>Bins of the spectrogram, the top one dropped.</summary>
    public int Bins => Nfft / 2;

    /// <summary>Samples in a training segment: ⌊segment · samplerate⌋.</summary>
    public int SegmentSamples => checked((int)(SegmentNumerator * Samplerate / SegmentDenominator));

    /// <summary>STFT frames of a segment of so many samples.</summary>
    public int Frames(int samples) => (samples + HopLength - 1) / HopLength;

    /// <summary>The official htdemucs: 4 stems, transformer on 512 channels, segment 39/5 s.</summary>
    public static HTDemucsConfig Official { get; } = new()
    {
        Sources = ["drums", "bass", "other", "vocals"],
        DconvMode = 3,
        BottomChannels = 512,
        SegmentNumerator = 39,
        SegmentDenominator = 5,
    };

    /// <summary>The official htdemucs_6s: 6 stems, transformer directly on 384 channels.</summary>
    public static HTDemucsConfig Official6 { get; } = Official with
    {
        Sources = ["drums", "bass", "other", "vocals", "guitar", "piano"],
        BottomChannels = 0,
    };
}
