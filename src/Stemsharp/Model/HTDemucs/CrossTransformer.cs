using Stemsharp.Graph;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// The cross-domain transformer between encoders and decoders: layers of self-attention within each branch
/// in turn with layers of cross-attention between the branches. Tokens keep their (frequency, time) order:
/// nothing in it depends on the order but the positional tables, which are built in that order.
/// </summary>
internal static class CrossTransformer
{
    /// <summary>x [C, F, T] and xt [C, L] to the same shapes.</summary>
    public static (Value X, Value Xt) Record(GraphBuilder g, HTDemucsConfig config, Value x, Value xt)
    {
        x = Positions2D(g, config, NormIn(g, config, "norm_in", x));
        xt = Positions1D(g, config, NormIn(g, config, "norm_in_t", xt));
        for (int i = 0; i < config.TLayers; i++)
        {
            bool cross = i % 2 == (config.TCrossFirst ? 0 : 1);
            (Value ownX, Value ownXt) = (x, xt);
            using (g.Scope($"layers.{i}"))
            {
                x = Layer(g, config, ownX, cross ? ownXt : null);
            }

            using (g.Scope($"layers_t.{i}"))
            {
                xt = Layer(g, config, ownXt, cross ? ownX : null);
            }
        }

        return (x, xt);
    }

    // A self layer when other is null, a cross layer (queries from x, keys and values from other) otherwise.
    private static Value Layer(GraphBuilder g, HTDemucsConfig config, Value x, Value? other)
    {
        Value Attend(Value query, Value key) => other is null
            ? g.MultiheadAttention("self_attn", query, query, config.THeads)
            : g.MultiheadAttention("cross_attn", query, key, config.THeads);

        if (!config.TNormFirst)
        {
            x = Norm(g, config, "norm1", g.Add("residual1", x, Scale(g, config, "gamma_1", Attend(x, other ?? x))));
            return Norm(g, config, "norm2", g.Add("residual2", x, Scale(g, config, "gamma_2", FeedForward(g, config, x))));
        }

        Value query = Norm(g, config, "norm1", x);
        Value key = other is null ? query : Norm(g, config, "norm2", other);
        x = g.Add("residual1", x, Scale(g, config, "gamma_1", Attend(query, key)));
        Value hidden = Norm(g, config, other is null ? "norm2" : "norm3", x);
        x = g.Add("residual2", x, Scale(g, config, "gamma_2", FeedForward(g, config, hidden)));
        return config.TNormOut > 0 ? g.GroupNorm("norm_out", x, config.TNormOut) : x;
    }

    private static Value FeedForward(GraphBuilder g, HTDemucsConfig config, Value x)
    {
        Value hidden = g.Linear("linear1", x, (int)(x.Shape.Channels * config.THiddenScale));
        return g.Linear("linear2", config.TGelu ? g.Gelu(hidden) : g.Relu(hidden), x.Shape.Channels);
    }

    private static Value Norm(GraphBuilder g, HTDemucsConfig config, string name, Value x) =>
        config.TGroupNorm > 0 ? g.GroupNorm(name, x, config.TGroupNorm) : g.LayerNorm(name, x);

    private static Value NormIn(GraphBuilder g, HTDemucsConfig config, string name, Value x) =>
        config.TNormIn ? g.LayerNorm(name, x) : config.TNormInGroup > 0 ? g.GroupNorm(name, x, config.TNormInGroup) : x;

    private static Value Scale(GraphBuilder g, HTDemucsConfig config, string name, Value x) =>
        config.TLayerScale ? g.ChannelScale(name, x) : x;

    /// <summary>
    /// The first half of the channels encodes time, the second half frequency, sines and cosines interleaved;
    /// exponent 2i/(C/2). The table is separable, so it is added as two small ones.
    /// </summary>
    private static Value Positions2D(GraphBuilder g, HTDemucsConfig config, Value x)
    {
        int channels = x.Shape.Channels, rows = x.Shape.Rows, frames = x.Shape.Last, half = channels / 2;
        if (channels % 4 != 0)
        {
            throw new ModelException($"A transformer of {channels} channels is not supported: the two-dimensional positional table needs a multiple of 4.");
        }

        double[] time = new double[channels * frames];
        double[] frequency = new double[channels * rows];
        for (int c = 0; c < half; c++)
        {
            double rate = Math.Exp((c & ~1) * -(Math.Log(config.TMaxPeriod) / half));
            for (int t = 0; t < frames; t++)
            {
                time[c * frames + t] = config.TWeightPosEmbed * Wave(t * rate, c);
            }

            for (int f = 0; f < rows; f++)
            {
                frequency[(half + c) * rows + f] = config.TWeightPosEmbed * Wave(f * rate, c);
            }
        }

        x = g.AddTable("positions_time", x, new Table("crosstransformer.positions_time", new Shape(channels, 1, frames), time));
        return g.AddTable("positions_frequency", x, new Table("crosstransformer.positions_frequency", new Shape(channels, rows, 1), frequency));

        static double Wave(double phase, int channel) => channel % 2 == 0 ? Math.Sin(phase) : Math.Cos(phase);
    }

    /// <summary>All cosines first, then all sines; exponent i/(C/2 − 1).</summary>
    private static Value Positions1D(GraphBuilder g, HTDemucsConfig config, Value x)
    {
        int channels = x.Shape.Channels, length = x.Shape.Last, half = channels / 2;
        double[] table = new double[channels * length];
        for (int i = 0; i < half; i++)
        {
            double period = Math.Pow(config.TMaxPeriod, (double)i / (half - 1));
            for (int t = 0; t < length; t++)
            {
                (double sin, double cos) = Math.SinCos(t / period);
                table[i * length + t] = config.TWeightPosEmbed * cos;
                table[(half + i) * length + t] = config.TWeightPosEmbed * sin;
            }
        }

        return g.AddTable("positions_t", x, new Table("crosstransformer.positions_t", new Shape(channels, length), table));
    }
}
