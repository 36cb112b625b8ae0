using Stemsharp.Graph;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// The residual branches of both networks' layers (the original's DConv): dilated convolutions along T, and in the deep layers a BLSTM
/// and local attention. In the frequency branch every row is a sequence of its own.
/// </summary>
internal static class ResidualBranch
{
    // LocalState's heads and decays, and what a BLSTM reads at once: the original's own numbers.
    private const int Heads = 4, Decays = 4, FrameSteps = 200, FrameHop = 100, Layers = 2;

    /// <summary>x [C, T] or [C, F, T] to the same shape.</summary>
    /// <param name="g">Records.</param>
    /// <param name="config">The network.</param>
    /// <param name="name">The module's name in its layer.</param>
    /// <param name="layer">The layer, from the outside.</param>
    /// <param name="x">What the layer has computed.</param>
    public static Value Record(GraphBuilder g, DemucsConfig config, string name, int layer, Value x)
    {
        int channels = x.Shape.Channels, hidden = (int)(channels / config.DconvComp);
        bool perRow = x.Shape.Rank == 3;
        for (int d = 0; d < Math.Abs(config.DconvDepth); d++)
        {
            using (g.Scope($"{name}.layers.{d}"))
            {
                int dilation = config.DconvDepth > 0 ? 1 << d : 1, next = 3;
                Value y = g.Conv("0", x, hidden, [3], [1], [dilation], [dilation]);
                y = g.Gelu(g.GroupNorm("1", y, 1, perRow));
                if (layer >= config.DconvLstm)
                {
                    y = FramedLstm(g, $"{next++}", y);
                }

                if (layer >= config.DconvAttn)
                {
                    using (g.Scope($"{next++}"))
                    {
                        y = g.LocalAttention(y, Heads, Decays);
                    }
                }

                y = g.Pointwise($"{next}", y, 2 * channels);
                y = g.Glu(g.GroupNorm($"{next + 1}", y, 1, perRow));
                x = g.Add("residual", x, g.ChannelScale($"{next + 3}", y));
            }
        }

        return x;
    }

    /// <summary>A BLSTM over all of a sequence and the linear layer behind it, back to the channels of x [C, T] or [C, F, T].</summary>
    public static Value Lstm(GraphBuilder g, Value x, int layers)
    {
        Value y = x;
        for (int layer = 0; layer < layers; layer++)
        {
            y = g.Lstm("lstm", y, x.Shape.Channels, SequenceAxis.Last, layer);
        }

        return g.Linear("linear", y, x.Shape.Channels);
    }

    // Long sequences in overlapping frames, each of them run from the beginning.
    private static Value FramedLstm(GraphBuilder g, string name, Value x)
    {
        using (g.Scope(name))
        {
            bool isLong = x.Shape.Last > FrameSteps;
            Value y = Lstm(g, isLong ? g.Frames("frames", x, FrameSteps, FrameHop) : x, Layers);
            return g.Add("skip", isLong ? g.JoinFrames("joined", y, x.Shape, FrameHop) : y, x);
        }
    }
}
