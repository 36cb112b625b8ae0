using System.Collections.Immutable;
using Stemsharp.Checkpoints;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// The constructor arguments of the original classes HDemucs and Demucs that change what the network computes, by the original's names.
/// Where both classes have an argument, it means the same. Arguments that matter in training only are not here.
/// </summary>
internal sealed record DemucsConfig
{
    /// <summary>Whether there is a branch of spectrograms beside the one of waveforms: HDemucs; Demucs otherwise.</summary>
    public required bool IsHybrid { get; init; }

    /// <summary>Stem names in the checkpoint's order.</summary>
    public ImmutableArray<string> Sources { get; init; } = [];

    public int AudioChannels { get; init; } = 2;

    /// <summary>Channels after the first encoder; in HDemucs, of the frequency branch.</summary>
    public required int Channels { get; init; }

    /// <summary>The same for HDemucs' time branch; null means <see cref="Channels"/>.</summary>
    public int? ChannelsTime { get; init; }

    /// <summary>Factor on the channels from layer to layer; the products are cut to whole numbers.</summary>
    public double Growth { get; init; } = 2;

    public int Depth { get; init; } = 6;

    /// <summary>Whether each layer has its 1×1 (decoder: context) convolution with GLU.</summary>
    public bool Rewrite { get; init; } = true;

    /// <summary>Context of the decoders' rewrite convolutions: kernel 1 + 2·Context.</summary>
    public int Context { get; init; } = 1;

    /// <summary>The same in HDemucs' encoders.</summary>
    public int ContextEnc { get; init; }

    public int KernelSize { get; init; } = 8;

    public int Stride { get; init; } = 4;

    /// <summary>First layer that has group norms.</summary>
    public int NormStarts { get; init; } = 4;

    public int NormGroups { get; init; } = 4;

    /// <summary>Bit 0: DConv in the encoders; bit 1: in the decoders.</summary>
    public int DconvMode { get; init; } = 1;

    /// <summary>Layers of each DConv; negative means that many without dilation.</summary>
    public int DconvDepth { get; init; } = 2;

    /// <summary>Compression of DConv's hidden channels.</summary>
    public double DconvComp { get; init; } = 4;

    /// <summary>First layer whose DConv has local attention.</summary>
    public int DconvAttn { get; init; } = 4;

    /// <summary>First layer whose DConv has a BLSTM.</summary>
    public int DconvLstm { get; init; } = 4;

    /// <summary>HDemucs: FFT size; the hop length is a quarter of it.</summary>
    public int Nfft { get; init; } = 4096;

    /// <summary>HDemucs: complex spectrograms as channels; amplitudes otherwise.</summary>
    public bool Cac { get; init; } = true;

    /// <summary>HDemucs without <see cref="Cac"/>: 0, or below it for phases that fade where the mix is silent.</summary>
    public int WienerIters { get; init; }

    /// <summary>HDemucs: spectrograms between zeros, stems that come back late by 3/8 of a frame.</summary>
    public bool HybridOld { get; init; }

    /// <summary>HDemucs: where bands with layers of their own end, as shares of the rows; empty for one band.</summary>
    public ImmutableArray<double> MultiFreqs { get; init; } = [];

    /// <summary>HDemucs: how many layers have bands.</summary>
    public int MultiFreqsDepth { get; init; } = 2;

    /// <summary>HDemucs: weight of the frequency embedding; 0 means none.</summary>
    public double FreqEmb { get; init; } = 0.2;

    public double EmbScale { get; init; } = 10;

    /// <summary>HDemucs: stride of the layers behind the branches' merge; their kernel is twice as long.</summary>
    public int TimeStride { get; init; } = 2;

    /// <summary>Demucs: layers of the BLSTM between encoders and decoders; 0 for none.</summary>
    public int LstmLayers { get; init; }

    /// <summary>Demucs: GELU between the layers; ReLU otherwise.</summary>
    public bool Gelu { get; init; } = true;

    /// <summary>Demucs: GLU behind the rewrite convolutions; ReLU otherwise.</summary>
    public bool Glu { get; init; } = true;

    /// <summary>Demucs: whether the input is standardised.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Demucs: whether the network works at twice the rate.</summary>
    public bool Resample { get; init; } = true;

    public int Samplerate { get; init; } = 44100;

    /// <summary>Segment length in seconds.</summary>
    public Fraction Segment { get; init; } = new(40, 1);

    public int HopLength => Nfft / 4;

    /// <summary>Bins of the spectrogram, the top one dropped.</summary>
    public int Bins => Nfft / 2;

    /// <summary>Samples in a training segment: ⌊segment · samplerate⌋.</summary>
    public int SegmentSamples => checked((int)Segment.Samples(Samplerate));

    /// <summary>Whether a layer has norms.</summary>
    public bool HasNorm(int layer) => layer >= NormStarts;

    /// <summary>Channels behind a number of layers: each product is cut to a whole number.</summary>
    /// <param name="channels">Behind the first.</param>
    /// <param name="layers">Further layers.</param>
    public int Grown(int channels, int layers)
    {
        for (int i = 0; i < layers; i++)
        {
            channels = (int)(Growth * channels);
        }

        return channels;
    }

    /// <summary>
    /// Demucs: the shortest length that is at least so many samples and that all layers take without a rest (the original's
    /// <c>valid_length</c>).
    /// </summary>
    public long ValidLength(long samples)
    {
        int rate = Resample ? 2 : 1;
        long n = rate * samples;
        for (int i = 0; i < Depth; i++)
        {
            n = Math.Max(1, (n - KernelSize + Stride - 1) / Stride + 1);
        }

        for (int i = 0; i < Depth; i++)
        {
            n = (n - 1) * Stride + KernelSize;
        }

        return (n + rate - 1) / rate;
    }

    /// <summary>HDemucs' defaults.</summary>
    public static DemucsConfig Hybrid { get; } = new() { IsHybrid = true, Channels = 48 };

    /// <summary>Demucs' defaults.</summary>
    public static DemucsConfig TimeOnly { get; } = new() { IsHybrid = false, Channels = 64 };
}
