using System.Collections.Immutable;
using Stemsharp.Graph;

namespace Stemsharp.Model.HDemucs;

/// <summary>One of HDemucs' layers, encoder and decoder: sizes that follow from the configuration alone.</summary>
/// <param name="Number">From the outside.</param>
/// <param name="Rows">Frequency rows that its encoder reads; 1 behind the merge.</param>
/// <param name="Kernel">Kernel of its convolutions, along rows, or along T behind the merge.</param>
/// <param name="Stride">Their stride.</param>
/// <param name="Padding">Their padding.</param>
/// <param name="Channels">Channels that its encoder gives.</param>
/// <param name="Outputs">Channels that its decoder gives.</param>
/// <param name="TimeChannels">Channels that its encoder of the time branch gives, up to the merge.</param>
/// <param name="TimeOutputs">Channels that its decoder of the time branch gives, up to the merge.</param>
internal sealed record HDemucsLayer(int Number, int Rows, int Kernel, int Stride, int Padding, int Channels, int Outputs, int TimeChannels, int TimeOutputs)
{
    /// <summary>Whether the branches become one in it.</summary>
    public bool IsMerge { get; init; }

    /// <summary>Whether it is behind the merge and works along T.</summary>
    public bool IsTime { get; init; }

    /// <summary>Where bands with layers of their own end, as shares of the rows; empty where there is one layer for all rows.</summary>
    public ImmutableArray<double> Bands { get; init; } = [];

    /// <summary>Rows that its encoder gives.</summary>
    public int InnerRows => IsMerge || IsTime ? 1 : Rows / Stride;

    /// <summary>The rows that the convolution of each band's encoder reads; neighbouring bands share what a kernel overlaps.</summary>
    public IReadOnlyList<BandOp> EncoderBands()
    {
        List<BandOp> bands = [];
        int start = 0;
        foreach (double ratio in Bands)
        {
            int padded = start == 0 ? Padding : 0, limit = Round(Rows * ratio);
            int frames = Round((limit - start + padded - Kernel) / (double)Stride + 1);
            limit = start + (frames - 1) * Stride + Kernel - padded;
            Add(limit);
            start = limit - Kernel + Stride;
        }

        Add(Rows);
        return bands;

        void Add(int limit)
        {
            int zeros = (start == 0 ? Padding : 0) + (limit == Rows ? Padding : 0);
            Require(limit - start + zeros >= Kernel && limit <= Rows && (start == 0 || start >= Padding));
            bands.Add(new BandOp(start, limit - start));
        }
    }

    /// <summary>The rows of each band that its decoder reads.</summary>
    public IReadOnlyList<BandOp> DecoderBands()
    {
        List<BandOp> bands = [];
        int start = 0;
        foreach (double ratio in (IEnumerable<double>)[.. Bands, 1.0])
        {
            int limit = Round(InnerRows * ratio);
            Require(limit > start);
            bands.Add(new BandOp(start, limit - start));
            start = limit;
        }

        return bands;
    }

    // Halves to the even number, as in Python.
    private static int Round(double value) => (int)Math.Round(value, MidpointRounding.ToEven);

    private void Require(bool valid)
    {
        if (!valid)
        {
            throw new ModelException($"multi_freqs = [{string.Join(", ", Bands)}] is not supported with the {Rows} rows of layer {Number}: every band needs at least {Kernel}.");
        }
    }
}

/// <summary>HDemucs' layers.</summary>
/// <param name="Layers">From the outside.</param>
/// <param name="Merge">The one that leaves a single row, where the time branch ends.</param>
internal sealed record HDemucsPlan(IReadOnlyList<HDemucsLayer> Layers, int Merge)
{
    /// <exception cref="ModelException">The arguments do not fit together; the message names them.</exception>
    public static HDemucsPlan Of(DemucsConfig config)
    {
        List<HDemucsLayer> layers = [];
        int rows = config.Bins, merge = -1, steps = 1, stems = config.AudioChannels * config.Sources.Length;
        int channels = config.Channels, time = config.ChannelsTime ?? config.Channels, outputs = config.Cac ? 2 * stems : stems, timeOutputs = stems;
        for (int i = 0; i < config.Depth; i++)
        {
            bool isTime = rows == 1, isMerge = !isTime && rows <= config.KernelSize;
            if (isMerge)
            {
                merge = i;
                channels = time = Math.Max(channels, time);
            }

            steps *= isTime ? 1 : config.Stride;
            layers.Add(new HDemucsLayer(
                i,
                rows,
                isTime ? 2 * config.TimeStride : isMerge ? rows : config.KernelSize,
                isTime ? config.TimeStride : config.Stride,
                isTime ? config.TimeStride / 2 : isMerge ? 0 : config.KernelSize / 4,
                channels,
                outputs,
                time,
                timeOutputs)
            {
                IsMerge = isMerge,
                IsTime = isTime,
                Bands = i < config.MultiFreqsDepth ? config.MultiFreqs : [],
            });
            (outputs, timeOutputs) = (channels, time);
            (channels, time) = (config.Grown(channels, 1), config.Grown(time, 1));
            rows = isMerge || isTime ? 1 : rows / config.Stride;
        }

        if (merge < 0)
        {
            throw new ModelException($"depth = {config.Depth} is not supported with nfft {config.Nfft}, stride {config.Stride} and kernel_size {config.KernelSize}: {rows} frequencies are left behind the last layer, and the branches meet where one is.");
        }

        if (steps != config.HopLength)
        {
            throw new ModelException($"nfft = {config.Nfft} is not supported with stride {config.Stride}: its hop of {config.HopLength} samples is not the {steps} that are a step of the time branch where the branches meet.");
        }

        return layers.FirstOrDefault(l => l.Bands.Length > 0 && (l.IsMerge || l.IsTime || config.HasNorm(l.Number))) is { } banded
            ? throw new ModelException($"multi_freqs_depth = {config.MultiFreqsDepth} is not supported: layer {banded.Number} {(config.HasNorm(banded.Number) ? "has norms" : "has a single row")}, which cannot be cut into bands.")
            : new HDemucsPlan(layers, merge);
    }
}
