using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.SCNet;

/// <summary>
/// The graph of SCNet (Tong et al., "SCNet: Sparse Compression Network for Music Source Separation", 2024): low rows are kept, high ones
/// compressed, level by level; LSTMs along rows and along time take turns with Fourier transforms along time.
/// </summary>
internal static class SCNetGraph
{
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    public static NetworkPort SpectrogramsOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    /// <param name="config">The network.</param>
    /// <param name="frames">Frames T of its spectrograms, an even number.</param>
    public static Graph.Graph Build(SCNetConfig config, int frames)
    {
        GraphBuilder g = new();
        Value x = g.Input(SpectrogramInput.Name, new Shape(config.Dims[0], config.Bins, frames));
        Stack<(Value Skip, int[] Rows, int[] Compressed)> levels = [];
        for (int i = 0; i < config.Levels; i++)
        {
            using (g.Scope($"encoder.{i}"))
            {
                int[] rows = config.Split(x.Shape.Rows);
                Value[] bands = [.. Enumerable.Range(0, SCNetConfig.Bands).Select(b => Compress(g, config, i, b, x, rows[b], rows[b + 1] - rows[b]))];
                Value skip = g.Concat("bands", 1, bands);
                levels.Push((skip, rows, [.. bands.Select(b => b.Shape.Rows)]));
                x = g.Conv("globalconv", skip, config.Dims[i + 1], [3, 3], [1, 1], [1, 1], [1, 1]);
            }
        }

        x = Separate(g, config, x);
        for (int j = 0; j < config.Levels; j++)
        {
            using (g.Scope($"decoder.{j}"))
            {
                int channels = j == config.Levels - 1 ? 4 * config.NumStems : config.Dims[config.Levels - 1 - j];
                x = Expand(g, config, channels, x, levels.Pop());
            }
        }

        g.Output(SpectrogramsOutput.Name, x);
        return g.Build();
    }

    private static Value Compress(GraphBuilder g, SCNetConfig config, int level, int band, Value x, int start, int rows)
    {
        (int before, int after) = config.Padding(band, rows);
        x = g.PadRows(g.Crop(x, start, rows), before, after);
        x = g.Conv($"SDlayer.convs.{band}", x, config.Dims[level + 1], [config.BandKernel[band], 1], [config.BandStride[band], 1], [0, 0], [1, 1]);
        using (g.Scope($"conv_modules.{band}"))
        {
            int hidden = (int)(x.Shape.Channels / config.Compress), margin = config.ConvKernel / 2;
            for (int j = 0; j < config.ConvDepths[band]; j++)
            {
                using (g.Scope($"layers.{j}"))
                {
                    Value y = g.Conv("1", g.GroupNorm("0", x, 1, perRow: true), 2 * hidden, [config.ConvKernel], [1], [margin], [1]);
                    y = g.DepthwiseConv("3", g.Glu(y), config.ConvKernel);
                    y = g.Silu(g.GroupNorm("4", y, 1, perRow: true));
                    x = g.Add("sum", x, g.Conv("6", y, x.Shape.Channels, [1], [1], [0], [1]));
                }
            }

            return g.Gelu(x);
        }
    }

    private static Value Separate(GraphBuilder g, SCNetConfig config, Value x)
    {
        for (int j = 0; j < config.NumDplayer; j++)
        {
            using (g.Scope($"separation_net.dp_modules.{j}"))
            {
                x = Recurrent(g, config, 0, x, SequenceAxis.Rows);
                x = Recurrent(g, config, 1, x, SequenceAxis.Last);
            }

            // Odd layers see the spectrum along time of what even ones see.
            string name = $"separation_net.feature_conversion.{j}";
            x = j % 2 == 0 ? g.RealFourier(name, x, 1 / Math.Sqrt(x.Shape.Last)) : g.InverseRealFourier(name, x, Math.Sqrt(2 * (x.Shape.Last - 1)));
        }

        return x;
    }

    private static Value Recurrent(GraphBuilder g, SCNetConfig config, int part, Value x, SequenceAxis axis)
    {
        Value states = g.Lstm($"lstm_layers.{part}", g.GroupNorm($"norm_layers.{part}", x, 1), x.Shape.Channels * config.Expand, axis);
        return g.Add($"sum.{part}", x, g.Linear($"linear_layers.{part}", states, x.Shape.Channels));
    }

    private static Value Expand(GraphBuilder g, SCNetConfig config, int channels, Value x, (Value Skip, int[] Rows, int[] Compressed) level)
    {
        x = g.Add("skip", x, level.Skip);
        x = g.Glu(g.Conv("0.conv", g.Concat("doubled", 0, x, x), 2 * x.Shape.Channels, [3, 3], [1, 1], [1, 1], [1, 1]));
        Value[] bands = new Value[SCNetConfig.Bands];
        for (int b = 0, start = 0; b < bands.Length; b++)
        {
            int rows = level.Compressed[b], wanted = level.Rows[b + 1] - level.Rows[b];
            int all = (rows - 1) * config.BandStride[b] + config.BandKernel[b];
            bands[b] = g.ConvTranspose($"1.convtrs.{b}", g.Crop(x, start, rows), channels, config.BandKernel[b], config.BandStride[b], (all - wanted) / 2, wanted);
            start += rows;
        }

        return g.Concat("bands", 1, bands);
    }
}
