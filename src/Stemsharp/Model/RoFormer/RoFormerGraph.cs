using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// The graph of both networks (Lu et al., "Music Source Separation with Band-Split RoPE Transformer", 2023; Wang et al., "Mel-Band
/// RoFormer for Music Source Separation", 2023): a spectrogram's bands become tokens, transformers along time and along bands take
/// turns, each band's tokens become its part of a complex mask for each stem.
/// </summary>
internal static class RoFormerGraph
{
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    public static NetworkPort SpectrogramsOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    /// <param name="config">The network.</param>
    /// <param name="frames">Frames T of its spectrograms.</param>
    public static Graph.Graph Build(RoFormerConfig config, int frames)
    {
        GraphBuilder g = new();
        Value spectrogram = g.Input(SpectrogramInput.Name, new Shape(2 * config.Channels, config.Bins, frames));
        Value x = BandSplit(g, config, spectrogram);
        List<Value> before = [];
        for (int i = 0; i < config.Depth; i++)
        {
            using (g.Scope($"layers.{i}"))
            {
                // What the pair before gave counts twice: it is what goes in, and one of the sum.
                foreach (Value skip in before)
                {
                    x = g.Add("skip", x, skip);
                }

                x = Transformer(g, config, "0", x, config.TimeTransformerDepth, SequenceAxis.Last);
                x = Transformer(g, config, "1", x, config.FreqTransformerDepth, SequenceAxis.Rows);
            }

            if (config.SkipConnection)
            {
                before.Add(x);
            }
        }

        x = config.IsMel ? x : g.RmsNorm("final_norm", x);
        g.Output(SpectrogramsOutput.Name, g.ComplexMask("masked", Masks(g, config, x), spectrogram, config.ZeroDc));
        return g.Build();
    }

    // [2·S, F, T] to [D, K, T].
    private static Value BandSplit(GraphBuilder g, RoFormerConfig config, Value spectrogram)
    {
        Value[] bands = new Value[config.Bands.Length];
        using (g.Scope("band_split"))
        {
            for (int k = 0; k < bands.Length; k++)
            {
                using (g.Scope($"to_features.{k}"))
                {
                    bands[k] = g.Linear("1", g.RmsNorm("0", g.Band("band", spectrogram, config.Bands[k])), config.Dim);
                }
            }

            return g.Stack("bands", bands);
        }
    }

    private static Value Transformer(GraphBuilder g, RoFormerConfig config, string name, Value x, int depth, SequenceAxis axis)
    {
        using (g.Scope(name))
        {
            for (int j = 0; j < depth; j++)
            {
                using (g.Scope($"layers.{j}"))
                {
                    x = g.Add("residual1", x, Attention(g, config, x, axis));
                    x = g.Add("residual2", x, FeedForward(g, x));
                }
            }

            return config.IsMel ? g.RmsNorm("norm", x) : x;
        }
    }

    private static Value Attention(GraphBuilder g, RoFormerConfig config, Value x, SequenceAxis axis)
    {
        using (g.Scope("0"))
        {
            return g.RotaryAttention(g.RmsNorm("norm", x), config.Heads, config.DimHead, axis);
        }
    }

    private static Value FeedForward(GraphBuilder g, Value x)
    {
        const int Expansion = 4;
        using (g.Scope("1.net"))
        {
            return g.Linear("4", g.Gelu(g.Linear("1", g.RmsNorm("0", x), Expansion * x.Shape.Channels)), x.Shape.Channels);
        }
    }

    // [D, K, T] to [stems·2·S, F, T].
    private static Value Masks(GraphBuilder g, RoFormerConfig config, Value x)
    {
        Value[] tokens = [.. Enumerable.Range(0, config.Bands.Length).Select(k => g.Row("mask_estimators.band", x, k))];
        List<Value> parts = [];
        for (int stem = 0; stem < config.NumStems; stem++)
        {
            for (int k = 0; k < tokens.Length; k++)
            {
                using (g.Scope($"mask_estimators.{stem}.to_freqs.{k}.0"))
                {
                    Value part = tokens[k];
                    for (int layer = 0; layer < config.MaskLayers - 1; layer++)
                    {
                        part = g.Tanh(g.Linear($"{2 * layer}", part, config.MaskHidden));
                    }

                    parts.Add(g.Glu(g.Linear($"{2 * (config.MaskLayers - 1)}", part, 2 * config.BandWidths[k])));
                }
            }
        }

        return g.JoinBands("mask", [.. parts], config.Bands, 2 * config.Channels);
    }
}
