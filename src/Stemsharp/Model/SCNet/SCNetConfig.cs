using System.Collections.Immutable;

namespace Stemsharp.Model.SCNet;

/// <summary>
/// What an SCNet computes, by the names of its code. Letters: D levels, R rows of a level (frequencies, fewer from level to level), T
/// frames. Each level has three bands of rows.
/// </summary>
internal sealed record SCNetConfig
{
    /// <summary>Bands of a level: low, middle and high rows.</summary>
    public const int Bands = 3;

    /// <summary>Channels before each level and behind the last one; the first are a spectrogram's 4.</summary>
    public required ImmutableArray<int> Dims { get; init; }

    /// <summary>Rows that each band's convolution looks at.</summary>
    public required ImmutableArray<int> BandKernel { get; init; }

    /// <summary>Convolution modules of each band.</summary>
    public required ImmutableArray<int> ConvDepths { get; init; }

    /// <summary>Frames that a module's convolutions look at.</summary>
    public required int ConvKernel { get; init; }

    /// <summary>What modules divide their channels by.</summary>
    public required double Compress { get; init; }

    /// <summary>Dual-path layers.</summary>
    public required int NumDplayer { get; init; }

    /// <summary>What an LSTM's units are its channels times.</summary>
    public required int Expand { get; init; }

    /// <summary>Stems that the network gives.</summary>
    public required int NumStems { get; init; }

    /// <summary>The share of rows of the low and the middle band; what is left is the high one's.</summary>
    public ImmutableArray<double> BandSR { get; init; } = [0.175, 0.392, 0.433];

    /// <summary>Rows that become one in each band.</summary>
    public ImmutableArray<int> BandStride { get; init; } = [1, 4, 16];

    /// <summary>The FFT's points.</summary>
    public int Nfft { get; init; } = 4096;

    public int WinSize { get; init; }

    public int Hop { get; init; } = 1024;

    /// <summary>Whether spectra are scaled by 1/√nfft.</summary>
    public bool Normalized { get; init; } = true;

    /// <summary>What the configuration says whatever the network.</summary>
    public TrainerConfig Trainer { get; init; } = new();

    /// <summary>D.</summary>
    public int Levels => Dims.Length - 1;

    /// <summary>Rows before the first level.</summary>
    public int Bins => Nfft / 2 + 1;

    /// <summary>Where the bands of so many rows begin, and where the last one ends.</summary>
    public int[] Split(int rows) =>
    [
        0, (int)Math.Ceiling(rows * BandSR[0]), (int)Math.Ceiling(rows * (BandSR[0] + BandSR[1])), rows,
    ];

    /// <summary>Rows of zeros before and after a band of so many rows.</summary>
    public (int Before, int After) Padding(int band, int rows)
    {
        int stride = BandStride[band], all = stride == 1 ? BandKernel[band] - 1 : (stride - rows % stride) % stride;
        return (all / 2, all - all / 2);
    }

    /// <summary>Rows that a band of so many has behind its convolution.</summary>
    public int Compressed(int band, int rows)
    {
        (int before, int after) = Padding(band, rows);
        return (rows + before + after - BandKernel[band]) / BandStride[band] + 1;
    }
}
