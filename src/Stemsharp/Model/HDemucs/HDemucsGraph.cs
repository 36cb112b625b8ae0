using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// HDemucs as straight-line code that records a graph (Défossez: "Hybrid Spectrogram and Waveform Source Separation", 2021). Scopes are
/// the original's module paths. A branch over frequency rows and one over samples become one where a single row is left.
/// Dimension letters: C channels, F frequency rows, T time frames, L samples, S stems, A audio channels.
/// </summary>
internal static class HDemucsGraph
{
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    public static NetworkPort WaveformInput { get; } = new("waveform", PortRole.Waveform);

    public static NetworkPort SpectrogramsOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    public static NetworkPort WaveformsOutput { get; } = new("waveforms", PortRole.Waveform);

    /// <summary>
    /// Records the network for segments of <paramref name="samples"/> samples: inputs spectrogram [2·A, F, T] and waveform [A, L], outputs
    /// spectrograms [S·2·A, F, T] and waveforms [S·A, L].
    /// </summary>
    /// <param name="config">What was read.</param>
    /// <param name="frames">T.</param>
    /// <param name="samples">L.</param>
    // Compiled as a whole before it runs: exchanged in the midst of its loops for a better one (on-stack replacement), it now and then crashed
    // the compiler of .NET 10.0.12, a fault of the process, which nobody can catch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Graph.Graph Build(DemucsConfig config, int frames, int samples)
    {
        (IReadOnlyList<HDemucsLayer> layers, int merge) = HDemucsPlan.Of(config);
        GraphBuilder g = new();
        Value spectrogram = g.Input(SpectrogramInput.Name, new Shape(2 * config.AudioChannels, config.Bins, frames));
        Value waveform = g.Input(WaveformInput.Name, new Shape(config.AudioChannels, samples));
        (Value x, Value mean, Value std) = g.Standardize("standardize", config.Cac ? spectrogram : g.Amplitude("amplitude", spectrogram));
        (Value xt, Value meanT, Value stdT) = g.Standardize("tstandardize", waveform);

        Stack<(Value Value, int Length)> skips = new(), skipsT = new();
        foreach (HDemucsLayer layer in layers)
        {
            Value? injected = null;
            if (!layer.IsTime)
            {
                int length = xt.Shape.Last;
                using (g.Scope($"tencoder.{layer.Number}"))
                {
                    xt = TimeConvolution(g, xt, layer.TimeChannels, config.KernelSize, config.Stride);
                    injected = layer.IsMerge ? g.AsRow("row", xt) : null;
                    xt = layer.IsMerge ? xt : EncoderTail(g, config, layer.Number, xt);
                }

                skipsT.Push((xt, length));
            }

            x = layer.Number == merge + 1 ? g.DropRow("merged", x) : x;
            int steps = x.Shape.Last;
            using (g.Scope($"encoder.{layer.Number}"))
            {
                x = layer.Bands.Length > 0 ? BandedEncoder(g, config, layer, x) : Encoder(g, config, layer, x, injected);
            }

            if (layer.Number == 0 && config.FreqEmb != 0)
            {
                x = g.FrequencyEmbedding("freq_emb", x, config.FreqEmb * config.EmbScale);
            }

            skips.Push((x, steps));
        }

        // The innermost decoder begins with zeros, to which its skip is added.
        Value? inner = null, born = null;
        foreach (HDemucsLayer layer in layers.Reverse())
        {
            (Value skip, int steps) = skips.Pop();
            inner = inner is not null && layer.IsMerge ? g.AsRow("split", inner) : inner;
            using (g.Scope($"decoder.{layers.Count - 1 - layer.Number}"))
            {
                Value y = inner is null ? skip : g.Add("skip", inner, skip);
                if (layer.Bands.Length > 0)
                {
                    inner = BandedDecoder(g, config, layer, y);
                }
                else
                {
                    y = DecoderHead(g, config, layer.Number, y);
                    inner = DecoderTail(g, config, layer.Number, y, layer.Outputs, layer.Kernel, layer.Stride, layer.Padding, layer.IsTime ? steps : layer.Rows);
                }

                born = layer.IsMerge ? y : born;
            }
        }

        // The time branch begins with what the merge's decoder has before its transposed convolution.
        xt = g.DropRow("born", born!);
        for (int i = merge; i >= 0; i--)
        {
            (Value skip, int length) = skipsT.Pop();
            using (g.Scope($"tdecoder.{merge - i}"))
            {
                xt = i == merge ? xt : DecoderHead(g, config, i, g.Add("skip", xt, skip));
                xt = DecoderTail(g, config, i, xt, layers[i].TimeOutputs, config.KernelSize, config.Stride, config.KernelSize / 4, length);
            }
        }

        Value spectrograms = g.Restore("restore", inner!, mean, std);
        g.Output(SpectrogramsOutput.Name, config.Cac ? spectrograms : g.Phase("phase", spectrograms, spectrogram, config.WienerIters < 0 ? 1e-8 : 0));
        g.Output(WaveformsOutput.Name, g.Restore("trestore", xt, meanT, stdT));
        return g.Build();
    }

    // x [Cin, F, T] → [C, F', T], or [Cin, T] → [C, T'] behind the merge
    private static Value Encoder(GraphBuilder g, DemucsConfig config, HDemucsLayer layer, Value x, Value? injected)
    {
        Value y = layer.IsTime
            ? TimeConvolution(g, x, layer.Channels, layer.Kernel, layer.Stride)
            : RowConvolution(g, x, layer, layer.Padding);
        return EncoderTail(g, config, layer.Number, injected is null ? y : g.Add("inject", y, injected));
    }

    // The same for each band of rows with a layer of its own.
    private static Value BandedEncoder(GraphBuilder g, DemucsConfig config, HDemucsLayer layer, Value x)
    {
        List<Value> parts = [];
        IReadOnlyList<BandOp> bands = layer.EncoderBands();
        for (int b = 0; b < bands.Count; b++)
        {
            using (g.Scope($"layers.{b}"))
            {
                // Zeros lie only outside of the first and the last row. Convolutions have them at both ends: at the end of the first
                // band they are out of the kernel's reach, and before the last one a row that saw them is dropped.
                bool isFirst = b == 0, isLast = b == bands.Count - 1;
                int early = isLast && !isFirst ? layer.Stride - layer.Padding : 0;
                Value y = RowConvolution(g, g.Crop(x, bands[b].Start - early, bands[b].Length + early), layer, isFirst || isLast ? layer.Padding : 0);
                parts.Add(EncoderTail(g, config, layer.Number, early > 0 ? g.Crop(y, 1, y.Shape.Rows - 1) : y));
            }
        }

        return g.JoinRows("bands", [.. parts]);
    }

    private static Value RowConvolution(GraphBuilder g, Value x, HDemucsLayer layer, int padding) =>
        g.Conv("conv", x, layer.Channels, [layer.Kernel, 1], [layer.Stride, 1], [padding, 0], [1, 1]);

    // x [Cin, L] → [C, ⌈L/stride⌉]
    private static Value TimeConvolution(GraphBuilder g, Value x, int channels, int kernel, int stride)
    {
        int excess = x.Shape.Last % stride;
        return g.Conv("conv", excess == 0 ? x : g.Pad(x, x.Shape.Last + stride - excess), channels, [kernel], [stride], [kernel / 4], [1]);
    }

    private static Value EncoderTail(GraphBuilder g, DemucsConfig config, int layer, Value y)
    {
        y = g.Gelu(Norm(g, config, layer, "norm1", y));
        y = (config.DconvMode & 1) != 0 ? ResidualBranch.Record(g, config, "dconv", layer, y) : y;
        return config.Rewrite ? g.Glu(Norm(g, config, layer, "norm2", Rewrite(g, y, config.ContextEnc, config.ContextEnc))) : y;
    }

    // Everything up to the transposed convolution.
    private static Value DecoderHead(GraphBuilder g, DemucsConfig config, int layer, Value y)
    {
        y = config.Rewrite ? g.Glu(Norm(g, config, layer, "norm1", Rewrite(g, y, config.Context, config.Context))) : y;
        return (config.DconvMode & 2) != 0 ? ResidualBranch.Record(g, config, "dconv", layer, y) : y;
    }

    // y [C, n, …] → [channels, length, …]; the norm sees what the crop then drops.
    private static Value DecoderTail(GraphBuilder g, DemucsConfig config, int layer, Value y, int channels, int kernel, int stride, int start, int length)
    {
        y = config.HasNorm(layer)
            ? g.Crop(g.GroupNorm("norm2", g.ConvTranspose("conv_tr", y, channels, kernel, stride, 0, (y.Shape[1] - 1) * stride + kernel), config.NormGroups), start, length)
            : g.ConvTranspose("conv_tr", y, channels, kernel, stride, start, length);
        return layer == 0 ? y : g.Gelu(y);
    }

    // y [C, F', T] → [Cout, F, T] by bands, which have no context along rows.
    private static Value BandedDecoder(GraphBuilder g, DemucsConfig config, HDemucsLayer layer, Value y)
    {
        List<Value> parts = [];
        List<string> biases = [];
        foreach (BandOp band in layer.DecoderBands())
        {
            string name = $"layers.{parts.Count}";
            if (parts.Count > 0)
            {
                biases.Add($"{name}.conv_tr.bias");
            }

            using (g.Scope(name))
            {
                Value part = g.Crop(y, band.Start, band.Length);
                part = config.Rewrite ? g.Glu(Rewrite(g, part, 0, config.Context)) : part;
                part = (config.DconvMode & 2) != 0 ? ResidualBranch.Record(g, config, "dconv", layer.Number, part) : part;
                parts.Add(g.ConvTranspose("conv_tr", part, layer.Outputs, layer.Kernel, layer.Stride, 0, (band.Length - 1) * layer.Stride + layer.Kernel));
            }
        }

        Value joined = g.Crop(g.JoinRows("bands", [.. parts], layer.Kernel - layer.Stride, biases), layer.Padding, layer.Rows);
        return layer.Number == 0 ? joined : g.Gelu(joined);
    }

    // The convolution in front of a GLU, with context along rows, where there are some, and along T.
    private static Value Rewrite(GraphBuilder g, Value y, int rows, int steps) => y.Shape.Rank == 3
        ? g.Conv("rewrite", y, 2 * y.Shape.Channels, [1 + 2 * rows, 1 + 2 * steps], [1, 1], [rows, steps], [1, 1])
        : g.Conv("rewrite", y, 2 * y.Shape.Channels, [1 + 2 * steps], [1], [steps], [1]);

    private static Value Norm(GraphBuilder g, DemucsConfig config, int layer, string name, Value y) =>
        config.HasNorm(layer) ? g.GroupNorm(name, y, config.NormGroups) : y;
}
