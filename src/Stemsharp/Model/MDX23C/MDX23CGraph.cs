using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.MDX23C;

/// <summary>
/// The graph of MDX23C, as its code calls it TFC-TDF v3 (Kim et al., "KUIELab-MDX-Net", 2021, is the first of its line): a U-net over
/// subbands whose blocks are convolutions over time and frequency (TFC) with a bottleneck along frequency between them (TDF).
/// Frequency is the last axis inside, time the rows.
/// </summary>
internal static class MDX23CGraph
{
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    public static NetworkPort SpectrogramsOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    /// <param name="config">The network.</param>
    /// <param name="frames">Frames T of its spectrograms.</param>
    public static Graph.Graph Build(MDX23CConfig config, int frames)
    {
        GraphBuilder g = new();
        Value spectrogram = g.Input(SpectrogramInput.Name, new Shape(4, config.Bins, frames));

        // A spectrogram's bands as channels: c·K + b.
        Value mix = g.Swap("by_frame", g.Reshape("subbands", spectrogram, config.Inputs, config.SubbandBins, frames));
        Value first = Pointwise(g, "first_conv", mix, config.NumChannels), x = first;
        Stack<Value> skips = [];
        for (int i = 0; i < config.NumScales; i++)
        {
            using (g.Scope($"encoder_blocks.{i}"))
            {
                x = Blocks(g, config, "tfc_tdf", x, x.Shape.Channels);
                skips.Push(x);
                using (g.Scope("downscale.conv"))
                {
                    int channels = x.Shape.Channels + config.Growth;
                    x = g.Conv("2", Activated(g, config, "0", x), channels, [config.ScaleTime, config.ScaleFrequency], [config.ScaleTime, config.ScaleFrequency], [0, 0], [1, 1], hasBias: false);
                }
            }
        }

        x = Blocks(g, config, "bottleneck_block", x, x.Shape.Channels);
        for (int i = 0; i < config.NumScales; i++)
        {
            using (g.Scope($"decoder_blocks.{i}"))
            {
                using (g.Scope("upscale.conv"))
                {
                    x = g.Upsample("2", Activated(g, config, "0", x), x.Shape.Channels - config.Growth, config.ScaleTime, config.ScaleFrequency);
                }

                x = Blocks(g, config, "tfc_tdf", g.Concat("skip", 0, x, skips.Pop()), x.Shape.Channels);
            }
        }

        x = g.Concat("with_mix", 0, mix, g.Mul("product", x, first));
        using (g.Scope("final_conv"))
        {
            x = Activation(g, config, Pointwise(g, "0", x, config.NumChannels));
            x = Pointwise(g, "2", x, config.NumStems * config.Inputs);
        }

        g.Output(SpectrogramsOutput.Name, g.Reshape("bins", g.Swap("by_bin", x), 4 * config.NumStems, config.Bins, frames));
        return g.Build();
    }

    // The blocks of a scale; the first one changes the number of channels.
    private static Value Blocks(GraphBuilder g, MDX23CConfig config, string name, Value x, int channels)
    {
        for (int j = 0; j < config.NumBlocksPerScale; j++)
        {
            using (g.Scope($"{name}.blocks.{j}"))
            {
                Value shortcut = Pointwise(g, "shortcut", x, channels);
                x = Convolution(g, config, "tfc1", x, channels);
                x = g.Add("tdf", x, Bottleneck(g, config, x));
                x = g.Add("sum", Convolution(g, config, "tfc2", x, channels), shortcut);
            }
        }

        return x;
    }

    private static Value Convolution(GraphBuilder g, MDX23CConfig config, string name, Value x, int channels)
    {
        using (g.Scope(name))
        {
            return g.Conv("2", Activated(g, config, "0", x), channels, [3, 3], [1, 1], [1, 1], [1, 1], hasBias: false);
        }
    }

    private static Value Bottleneck(GraphBuilder g, MDX23CConfig config, Value x)
    {
        using (g.Scope("tdf"))
        {
            Value narrow = g.LastAxisLinear("2", Activated(g, config, "0", x), x.Shape.Last / config.BottleneckFactor);
            return g.LastAxisLinear("5", Activated(g, config, "3", narrow), x.Shape.Last);
        }
    }

    private static Value Pointwise(GraphBuilder g, string name, Value x, int channels) => g.Conv(name, x, channels, [1, 1], [1, 1], [0, 0], [1, 1], hasBias: false);

    private static Value Activated(GraphBuilder g, MDX23CConfig config, string norm, Value x) => Activation(g, config, config.Norm switch
    {
        MDX23CNorm.Instance => g.GroupNorm(norm, x, x.Shape.Channels),
        MDX23CNorm.Batch => g.BatchNorm(norm, x),
        MDX23CNorm.Group => g.GroupNorm(norm, x, config.NormGroups),
        _ => x,
    });

    private static Value Activation(GraphBuilder g, MDX23CConfig config, Value x) => config.Activation switch
    {
        MDX23CActivation.Relu => g.Relu(x),
        MDX23CActivation.Elu => g.Elu(x, config.Alpha),
        _ => g.Gelu(x),
    };
}
