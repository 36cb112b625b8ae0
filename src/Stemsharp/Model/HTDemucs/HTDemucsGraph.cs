using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// HTDemucs as straight-line code that records a graph (Rouard, Massa, Défossez: "Hybrid Transformers for
/// Music Source Separation", 2022). Scopes are the original's module paths, so that parameters are asked for
/// by their state-dict keys.
/// Dimension letters: C channels, F frequency rows, T time frames, L samples, S stems.
/// </summary>
internal static class HTDemucsGraph
{
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    public static NetworkPort WaveformInput { get; } = new("waveform", PortRole.Waveform);

    public static NetworkPort SpectrogramsOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    public static NetworkPort WaveformsOutput { get; } = new("waveforms", PortRole.Waveform);

    /// <summary>
    /// Records the network for segments of <paramref name="samples"/> samples: inputs spectrogram
    /// [2·A, F, T] and waveform [A, L] (A audio channels), outputs spectrograms [S·2·A, F, T] and
    /// waveforms [S·A, L].
    /// </summary>
    public static Graph.Graph Build(HTDemucsConfig config, int samples)
    {
        CheckDepth(config);
        GraphBuilder g = new();
        int audio = config.AudioChannels, stems = config.Sources.Length, depth = config.Depth;

        Value spectrogram = g.Input(SpectrogramInput.Name, new Shape(2 * audio, config.Bins, config.Frames(samples)));
        Value waveform = g.Input(WaveformInput.Name, new Shape(audio, samples));
        (Value x, Value mean, Value std) = g.Standardize("standardize", spectrogram);
        (Value xt, Value meanT, Value stdT) = g.Standardize("tstandardize", waveform);

        Stack<Value> skips = new();
        Stack<(Value Skip, int Length)> skipsT = new();
        for (int i = 0; i < depth; i++)
        {
            int length = xt.Shape.Last;
            using (g.Scope($"tencoder.{i}"))
            {
                xt = TimeEncoder(g, config, i, xt);
            }

            skipsT.Push((xt, length));
            using (g.Scope($"encoder.{i}"))
            {
                x = FrequencyEncoder(g, config, i, x);
            }

            if (i == 0 && config.FreqEmb != 0)
            {
                x = g.FrequencyEmbedding("freq_emb", x, config.FreqEmb * config.EmbScale);
            }

            skips.Push(x);
        }

        if (config.TLayers > 0)
        {
            bool resample = config.BottomChannels > 0;
            int inner = config.Channels * Power(config.Growth, depth - 1);
            if (resample)
            {
                x = Pointwise(g, "channel_upsampler", x, config.BottomChannels);
                xt = Pointwise(g, "channel_upsampler_t", xt, config.BottomChannels);
            }

            using (g.Scope("crosstransformer"))
            {
                (x, xt) = CrossTransformer.Record(g, config, x, xt);
            }

            if (resample)
            {
                x = Pointwise(g, "channel_downsampler", x, inner);
                xt = Pointwise(g, "channel_downsampler_t", xt, inner);
            }
        }

        // One branch after the other: where both are at their widest at once, memory peaks.
        for (int i = 0; i < depth; i++)
        {
            (Value skip, int length) = skipsT.Pop();
            using (g.Scope($"tdecoder.{i}"))
            {
                xt = TimeDecoder(g, config, depth - 1 - i, xt, skip, length, audio * stems);
            }
        }

        Value waveforms = g.Restore("trestore", xt, meanT, stdT);
        for (int i = 0; i < depth; i++)
        {
            Value skip = skips.Pop();
            int rows = i == depth - 1 ? config.Bins : skips.Peek().Shape.Rows;
            using (g.Scope($"decoder.{i}"))
            {
                x = FrequencyDecoder(g, config, depth - 1 - i, x, skip, rows, 2 * audio * stems);
            }
        }

        g.Output(SpectrogramsOutput.Name, g.Restore("restore", x, mean, std));
        g.Output(WaveformsOutput.Name, waveforms);
        return g.Build();
    }

    // x [Cin, F, T] → [C, F/stride, T]
    private static Value FrequencyEncoder(GraphBuilder g, HTDemucsConfig config, int level, Value x)
    {
        int channels = config.Channels * Power(config.Growth, level), context = config.ContextEnc;
        bool norm = level >= config.NormStarts;
        Value y = g.Conv("conv", x, channels, [config.KernelSize, 1], [config.Stride, 1], [config.KernelSize / 4, 0], [1, 1]);
        if (norm)
        {
            y = g.GroupNorm("norm1", y, config.NormGroups);
        }

        y = g.Gelu(y);
        if ((config.DconvMode & 1) != 0)
        {
            y = DConv(g, config, y);
        }

        if (!config.Rewrite)
        {
            return y;
        }

        y = g.Conv("rewrite", y, 2 * channels, [1 + 2 * context, 1 + 2 * context], [1, 1], [context, context], [1, 1]);
        if (norm)
        {
            y = g.GroupNorm("norm2", y, config.NormGroups);
        }

        return g.Glu(y);
    }

    // x [Cin, L] → [C, ⌈L/stride⌉]
    private static Value TimeEncoder(GraphBuilder g, HTDemucsConfig config, int level, Value x)
    {
        int channels = (config.ChannelsTime ?? config.Channels) * Power(config.Growth, level), context = config.ContextEnc;
        bool norm = level >= config.NormStarts;
        int excess = x.Shape.Last % config.Stride;
        if (excess != 0)
        {
            x = g.Pad(x, x.Shape.Last + config.Stride - excess);
        }

        Value y = g.Conv("conv", x, channels, [config.KernelSize], [config.Stride], [config.KernelSize / 4], [1]);
        if (norm)
        {
            y = g.GroupNorm("norm1", y, config.NormGroups);
        }

        y = g.Gelu(y);
        if ((config.DconvMode & 1) != 0)
        {
            y = DConv(g, config, y);
        }

        if (!config.Rewrite)
        {
            return y;
        }

        y = g.Conv("rewrite", y, 2 * channels, [1 + 2 * context], [1], [context], [1]);
        if (norm)
        {
            y = g.GroupNorm("norm2", y, config.NormGroups);
        }

        return g.Glu(y);
    }

    // x, skip [C, F, T] → [Cout, rows, T]
    private static Value FrequencyDecoder(GraphBuilder g, HTDemucsConfig config, int level, Value x, Value skip, int rows, int outputs)
    {
        int channels = config.Channels * Power(config.Growth, level), context = config.Context;
        bool norm = level >= config.NormStarts;
        Value y = g.Add("skip", x, skip);
        if (config.Rewrite)
        {
            y = g.Conv("rewrite", y, 2 * channels, [1 + 2 * context, 1 + 2 * context], [1, 1], [context, context], [1, 1]);
            if (norm)
            {
                y = g.GroupNorm("norm1", y, config.NormGroups);
            }

            y = g.Glu(y);
        }

        if ((config.DconvMode & 2) != 0)
        {
            y = DConv(g, config, y);
        }

        return DecoderTail(g, config, level, y, level == 0 ? outputs : channels / config.Growth, rows);
    }

    // x, skip [C, L'] → [Cout, length]
    private static Value TimeDecoder(GraphBuilder g, HTDemucsConfig config, int level, Value x, Value skip, int length, int outputs)
    {
        int channels = (config.ChannelsTime ?? config.Channels) * Power(config.Growth, level), context = config.Context;
        bool norm = level >= config.NormStarts;
        Value y = g.Add("skip", x, skip);
        if (config.Rewrite)
        {
            y = g.Conv("rewrite", y, 2 * channels, [1 + 2 * context], [1], [context], [1]);
            if (norm)
            {
                y = g.GroupNorm("norm1", y, config.NormGroups);
            }

            y = g.Glu(y);
        }

        if ((config.DconvMode & 2) != 0)
        {
            y = DConv(g, config, y);
        }

        return DecoderTail(g, config, level, y, level == 0 ? outputs : channels / config.Growth, length);
    }

    // y [C, n, …] → [channels, length, …]; the norm sees what the crop then drops.
    private static Value DecoderTail(GraphBuilder g, HTDemucsConfig config, int level, Value y, int channels, int length)
    {
        int kernel = config.KernelSize, pad = kernel / 4, full = (y.Shape[1] - 1) * config.Stride + kernel;
        if (level >= config.NormStarts)
        {
            y = g.ConvTranspose("conv_tr", y, channels, kernel, config.Stride, 0, full);
            y = g.Crop(g.GroupNorm("norm2", y, config.NormGroups), pad, length);
        }
        else
        {
            y = g.ConvTranspose("conv_tr", y, channels, kernel, config.Stride, pad, length);
        }

        return level == 0 ? y : g.Gelu(y);
    }

    /// <summary>
    /// The residual branch of dilated convolutions along T; in the frequency branch every row is an item of
    /// its own, so the norms' statistics are per row.
    /// </summary>
    private static Value DConv(GraphBuilder g, HTDemucsConfig config, Value x)
    {
        int channels = x.Shape.Channels, hidden = (int)(channels / config.DconvComp);
        bool perRow = x.Shape.Rank == 3;
        for (int d = 0; d < Math.Abs(config.DconvDepth); d++)
        {
            using (g.Scope($"dconv.layers.{d}"))
            {
                int dilation = config.DconvDepth > 0 ? 1 << d : 1;
                Value y = g.Conv("0", x, hidden, [3], [1], [dilation], [dilation]);
                y = g.Gelu(g.GroupNorm("1", y, 1, perRow));
                y = g.Conv("3", y, 2 * channels, [1], [1], [0], [1]);
                y = g.Glu(g.GroupNorm("4", y, 1, perRow));
                x = g.Add("residual", x, g.ChannelScale("6", y));
            }
        }

        return x;
    }

    // The original flattens [C, F, T] to [C, F·T] for this Conv1d; a pointwise convolution acts on T per row alike.
    private static Value Pointwise(GraphBuilder g, string name, Value x, int channels) => g.Conv(name, x, channels, [1], [1], [0], [1]);

    private static void CheckDepth(HTDemucsConfig config)
    {
        int rows = config.Bins;
        for (int i = 0; i < config.Depth; i++, rows /= config.Stride)
        {
            if (rows <= config.KernelSize)
            {
                throw new ModelException($"depth {config.Depth} is not supported with nfft {config.Nfft}, stride {config.Stride} and kernel_size {config.KernelSize}: encoder {i} would see only {rows} frequencies, and every encoder needs more than the kernel. At most depth {i} works here.");
            }
        }
    }

    private static int Power(int x, int n)
    {
        int result = 1;
        for (int i = 0; i < n; i++)
        {
            result = checked(result * x);
        }

        return result;
    }
}
