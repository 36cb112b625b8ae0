using System.Collections.Immutable;
using Stemsharp.Checkpoints;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// A configuration derived from tensors' names and shapes, for files that hold nothing else. What shapes cannot
/// tell has the value of the official models: stride 4, 4 norm groups, 8 heads, dilated DConv, embedding weights
/// 0.2 and 10, 44.1 kHz, segment 39/5 s.
/// </summary>
internal static class HTDemucsShapes
{
    private const string Transformer = "crosstransformer.";

    public static HTDemucsConfig Derive(Checkpoint checkpoint)
    {
        Dictionary<string, IReadOnlyList<int>> shapes = checkpoint.Tensors.ToDictionary(t => t.Name, t => t.Shape, StringComparer.Ordinal);
        IReadOnlyList<int> first = Find(shapes, "encoder.0.conv.weight", 4);
        IReadOnlyList<int> firstTime = Find(shapes, "tencoder.0.conv.weight", 3);
        int depth = CountLayers(shapes, "encoder.");
        int channels = first[0], audioChannels = firstTime[1];
        IReadOnlyList<int> last = Find(shapes, $"decoder.{depth - 1}.conv_tr.weight", 4);
        if (audioChannels == 0 || channels == 0 || last[1] % (2 * audioChannels) != 0)
        {
            throw new ModelException("its tensors do not have the shapes of an HTDemucs model.");
        }

        int stems = last[1] / (2 * audioChannels);
        HTDemucsConfig config = HTDemucsConfig.Official with
        {
            Sources = DefaultSources(stems),
            AudioChannels = audioChannels == 2 ? 2 : throw new ModelException($"audio_channels = {audioChannels} is not supported; valid is 2."),
            Channels = channels,
            ChannelsTime = firstTime[0] == channels ? null : firstTime[0],
            Growth = depth > 1 ? Math.Max(1, Find(shapes, "encoder.1.conv.weight", 4)[0] / channels) : 2,
            Depth = depth,
            KernelSize = first[2],
            Rewrite = shapes.ContainsKey("encoder.0.rewrite.weight"),
            BottomChannels = shapes.TryGetValue("channel_upsampler.weight", out IReadOnlyList<int>? up) ? up[0] : 0,
        };
        config = WithEmbedding(config, shapes);
        config = WithConvolutions(config, shapes);
        return WithTransformer(config, shapes);
    }

    /// <summary>The official stems for 4 and 6; none for other counts, where names must be given.</summary>
    private static ImmutableArray<string> DefaultSources(int stems) => stems switch
    {
        4 => HTDemucsConfig.Official.Sources,
        6 => HTDemucsConfig.Official6.Sources,
        _ => [],
    };

    private static HTDemucsConfig WithEmbedding(HTDemucsConfig config, Dictionary<string, IReadOnlyList<int>> shapes)
    {
        if (!shapes.TryGetValue("freq_emb.embedding.weight", out IReadOnlyList<int>? embedding))
        {
            return config with { FreqEmb = 0 };
        }
        // One row per frequency after the first encoder: nfft / 2 / stride.
        int nfft = embedding[0] <= 1 << 20 ? 2 * config.Stride * embedding[0] : 0;
        if (nfft is < 64 or > 65536 || (nfft & (nfft - 1)) != 0)
        {
            throw new ModelException($"its frequency embedding has {embedding[0]} rows, which no supported nfft gives with stride {config.Stride}. Give nfft and stride in a JSON file beside it.");
        }

        return config with { Nfft = nfft };
    }

    private static HTDemucsConfig WithConvolutions(HTDemucsConfig config, Dictionary<string, IReadOnlyList<int>> shapes)
    {
        int normStarts = 0;
        while (normStarts < config.Depth && !shapes.ContainsKey($"encoder.{normStarts}.norm1.weight"))
        {
            normStarts++;
        }

        bool inEncoder = shapes.ContainsKey("encoder.0.dconv.layers.0.0.weight"), inDecoder = shapes.ContainsKey("decoder.0.dconv.layers.0.0.weight");
        string dconv = inEncoder ? "encoder.0.dconv.layers." : "decoder.0.dconv.layers.";
        double compression = config.DconvComp;
        if ((inEncoder || inDecoder) && shapes[$"{dconv}0.0.weight"] is { Count: 3 } shape && shape[0] > 0)
        {
            compression = (double)shape[1] / shape[0];
        }

        return config with
        {
            NormStarts = normStarts,
            Context = Context(shapes, "decoder.0.rewrite.weight", config.Context),
            ContextEnc = Context(shapes, "encoder.0.rewrite.weight", config.ContextEnc),
            DconvMode = (inEncoder ? 1 : 0) | (inDecoder ? 2 : 0),
            DconvDepth = inEncoder || inDecoder ? CountLayers(shapes, dconv) : config.DconvDepth,
            DconvComp = compression,
        };
    }

    private static HTDemucsConfig WithTransformer(HTDemucsConfig config, Dictionary<string, IReadOnlyList<int>> shapes)
    {
        int layers = CountLayers(shapes, Transformer + "layers.");
        if (layers == 0)
        {
            return config with { TLayers = 0 };
        }

        IReadOnlyList<int> linear = Find(shapes, Transformer + "layers.0.linear1.weight", 2);
        bool hasNormOut = shapes.ContainsKey(Transformer + "layers.0.norm_out.weight");
        return config with
        {
            TLayers = layers,
            THiddenScale = (double)linear[0] / Math.Max(1, linear[1]),
            TNormIn = shapes.ContainsKey(Transformer + "norm_in.weight"),
            TNormOut = hasNormOut ? 1 : 0,
            TLayerScale = shapes.ContainsKey(Transformer + "layers.0.gamma_1.scale"),
            TCrossFirst = shapes.ContainsKey(Transformer + "layers.0.cross_attn.in_proj_weight"),
        };
    }

    // A rewrite convolution has kernel 1 + 2·context.
    private static int Context(Dictionary<string, IReadOnlyList<int>> shapes, string name, int otherwise) =>
        shapes.TryGetValue(name, out IReadOnlyList<int>? shape) && shape.Count > 2 ? (shape[2] - 1) / 2 : otherwise;

    private static int CountLayers(Dictionary<string, IReadOnlyList<int>> shapes, string prefix)
    {
        int count = 0;
        while (shapes.Keys.Any(name => name.StartsWith($"{prefix}{count}.", StringComparison.Ordinal)))
        {
            count++;
        }

        return count;
    }

    private static IReadOnlyList<int> Find(Dictionary<string, IReadOnlyList<int>> shapes, string name, int rank) =>
        shapes.TryGetValue(name, out IReadOnlyList<int>? shape) && shape.Count == rank
            ? shape
            : throw new ModelException($"it has no tensor {name} with {rank} dimensions, as every HTDemucs model has.");
}
