using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// Demucs, which works on waveforms alone (Défossez, Usunier, Bottou, Bach: "Music Source Separation in the Waveform Domain", 2019; in the
/// form of 2021). Scopes are the original's module paths. Dimension letters: C channels, L samples, S stems, A audio channels.
/// </summary>
internal static class TimeDemucsGraph
{
    public static NetworkPort Input { get; } = new("mix", PortRole.Waveform);

    public static NetworkPort Output { get; } = new("stems", PortRole.Waveform);

    /// <summary>Records the network: input [A, L], output [S·A, L]. Lengths that leave a rest in a layer are filled up with zeros.</summary>
    /// <param name="config">What was read.</param>
    /// <param name="samples">L.</param>
    public static Graph.Graph Build(DemucsConfig config, int samples)
    {
        GraphBuilder g = new();
        Value x = g.Input(Input.Name, new Shape(config.AudioChannels, samples));
        (Value Mean, Value Std)? statistics = null;
        if (config.Normalize)
        {
            (x, Value mean, Value std) = g.Standardize("standardize", x, ofMean: true);
            statistics = (mean, std);
        }

        int valid = checked((int)config.ValidLength(samples)), before = (valid - samples) / 2;
        x = valid == samples ? x : g.Pad(x, valid, before);
        x = config.Resample ? g.Resample("upsample", x, ResampleFilter.Double, 1, ResampleFilter.DoubleBefore) : x;

        Stack<Value> skips = new();
        for (int i = 0; i < config.Depth; i++)
        {
            using (g.Scope($"encoder.{i}"))
            {
                x = Encoder(g, config, i, x);
            }

            skips.Push(x);
        }

        if (config.LstmLayers > 0)
        {
            using (g.Scope("lstm"))
            {
                x = ResidualBranch.Lstm(g, x, config.LstmLayers);
            }
        }

        int stems = config.AudioChannels * config.Sources.Length;
        for (int i = config.Depth - 1; i >= 0; i--)
        {
            Value skip = skips.Pop();
            using (g.Scope($"decoder.{config.Depth - 1 - i}"))
            {
                int excess = skip.Shape.Last - x.Shape.Last;
                x = g.Add("skip", x, excess == 0 ? skip : g.Crop(skip, excess / 2, x.Shape.Last));
                x = Decoder(g, config, i, x, i == 0 ? stems : config.Grown(config.Channels, i - 1));
            }
        }

        x = config.Resample ? g.Resample("downsample", x, ResampleFilter.Halve, 2, ResampleFilter.HalveBefore) : x;
        x = statistics is { } of ? g.Restore("restore", x, of.Mean, of.Std) : x;
        g.Output(Output.Name, x.Shape.Last == samples ? x : g.Crop(x, (x.Shape.Last - samples) / 2, samples));
        return g.Build();
    }

    private static Value Encoder(GraphBuilder g, DemucsConfig config, int layer, Value x)
    {
        int channels = config.Grown(config.Channels, layer), next = 3;
        Value y = Activation(g, config, Norm(g, config, layer, "1", g.Conv("0", x, channels, [config.KernelSize], [config.Stride], [0], [1])));
        if ((config.DconvMode & 1) != 0)
        {
            y = ResidualBranch.Record(g, config, $"{next++}", layer, y);
        }

        return config.Rewrite ? Rewritten(g, config, layer, next, y, 0) : y;
    }

    private static Value Decoder(GraphBuilder g, DemucsConfig config, int layer, Value y, int outputs)
    {
        int next = 0;
        if (config.Rewrite)
        {
            y = Rewritten(g, config, layer, next, y, config.Context);
            next += 3;
        }

        if ((config.DconvMode & 2) != 0)
        {
            y = ResidualBranch.Record(g, config, $"{next++}", layer, y);
        }

        y = g.ConvTranspose($"{next}", y, outputs, config.KernelSize, config.Stride, 0, (y.Shape.Last - 1) * config.Stride + config.KernelSize);
        return layer == 0 ? y : Activation(g, config, Norm(g, config, layer, $"{next + 1}", y));
    }

    // A convolution in front of a GLU, its norm and the GLU, numbered one after the other.
    private static Value Rewritten(GraphBuilder g, DemucsConfig config, int layer, int first, Value y, int context)
    {
        int channels = y.Shape.Channels;
        y = Norm(g, config, layer, $"{first + 1}", g.Conv($"{first}", y, config.Glu ? 2 * channels : channels, [1 + 2 * context], [1], [context], [1]));
        return config.Glu ? g.Glu(y) : g.Relu(y);
    }

    private static Value Activation(GraphBuilder g, DemucsConfig config, Value y) => config.Gelu ? g.Gelu(y) : g.Relu(y);

    private static Value Norm(GraphBuilder g, DemucsConfig config, int layer, string name, Value y) =>
        config.HasNorm(layer) ? g.GroupNorm(name, y, config.NormGroups) : y;
}
