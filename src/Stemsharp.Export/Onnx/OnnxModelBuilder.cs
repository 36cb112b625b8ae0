using Stemsharp.Checkpoints;
using Stemsharp.Export.Onnx.Lowering;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Graph;
using Stemsharp.Model;

namespace Stemsharp.Export.Onnx;

/// <summary>Makes an ONNX model of a checkpoint.</summary>
internal static class OnnxModelBuilder
{
    public const string MixInput = "mix";
    public const string StemsOutput = "stems";

    /// <summary>The operator-set versions that can be written, each with its version of the file format.</summary>
    public static IReadOnlyDictionary<int, int> Opsets { get; } = new SortedDictionary<int, int> { [17] = 8, [18] = 8, [19] = 9, [20] = 9 };

    public static ModelProto Build(Checkpoint checkpoint, OnnxGraphOptions options)
    {
        options.Validate();
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph network = HTDemucs.Build(config, options.Samples ?? config.SegmentSamples);
        OnnxGraph graph = new(options.Opset);
        Lower(graph, network, config, new CheckpointWeights(checkpoint, config, network), options);
        ModelProto model = new()
        {
            IrVersion = Opsets[options.Opset],
            ProducerName = "Stemsharp",
            ProducerVersion = typeof(OnnxModelBuilder).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Proto,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = options.Opset });
        foreach ((string key, string value) in Metadata(checkpoint, config, options))
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        GraphDocumentation.Apply(model);
        return model;
    }

    private static void Lower(OnnxGraph graph, Graph.Graph network, HTDemucsConfig config, IWeightSource source, OnnxGraphOptions options)
    {
        LoweredValues values = new(graph, options.Batch);
        LoweringContext context = new(
            graph, network.Uses, values, new WeightStore(graph, source, options.HalfWeights), options.Precision, options.Fused, options.Int8, config.Depth, options.Batch, Selection(config, options));
        Shape spectrogram = network.Inputs[0].Value.Shape, waveform = network.Inputs[1].Value.Shape;
        int[] waveformDims = [options.Batch, .. waveform.Dims];
        GraphLowering lowering = new(context, options.ScoreLimit);
        if (options.Kind == OnnxGraphKind.Spectrogram)
        {
            values.Set(network.Inputs[0].Value, Layout.ChannelsFirst, graph.Input(HTDemucs.SpectrogramInput, ElementType.Float, [options.Batch, .. spectrogram.Dims]));
            values.Set(network.Inputs[1].Value, Layout.ChannelsFirst, graph.Input(HTDemucs.WaveformInput, ElementType.Float, waveformDims));
            lowering.Run(network);
            graph.Output(HTDemucs.SpectrogramsOutput, Result(0, null));
            graph.Output(HTDemucs.WaveformsOutput, Result(1, null));
        }
        else
        {
            TransformLowering transform = new(graph, config.Nfft, waveform.Last, spectrogram.Last, context.Fused);
            Tensor mix = graph.Input(MixInput, ElementType.Float, waveformDims);
            values.Set(network.Inputs[0].Value, Layout.ChannelsFirst, transform.Forward(mix));
            values.Set(network.Inputs[1].Value, Layout.ChannelsFirst, mix);
            lowering.Run(network);
            graph.Output(StemsOutput, Result(1, null, transform.Inverse(Result(0, transform.Gains()))));
        }

        CastGrouping.Apply(graph.Proto);
        ConstantNames.Apply(graph.Proto);

        Tensor Result(int index, Tensor? gains, Tensor? other = null) => lowering.Restored(network.Outputs[index].Value, context.Stems?.Indices.Length ?? config.Sources.Length, gains, other);
    }

    private static StemSelection? Selection(HTDemucsConfig config, OnnxGraphOptions options)
    {
        if (options.Stems is null || config.Sources.All(options.Stems.Contains))
        {
            return null;
        }

        return new StemSelection([.. Enumerable.Range(0, config.Sources.Length).Where(i => options.Stems.Contains(config.Sources[i]))], config.Sources.Length);
    }

    private static IEnumerable<(string Key, string Value)> Metadata(Checkpoint checkpoint, HTDemucsConfig config, OnnxGraphOptions options)
    {
        yield return ("stemsharp.graph", options.Kind.ToString().ToLowerInvariant());
        yield return ("stemsharp.precision", options.Precision.ToString().ToLowerInvariant());
        if (options.Int8)
        {
            yield return ("stemsharp.quantized", "int8");
        }

        yield return ("stemsharp.stems", string.Join(',', config.Sources.Where(stem => options.Stems?.Contains(stem) ?? true)));
        yield return ("stemsharp.sample_rate", $"{config.Samplerate}");
        yield return ("stemsharp.channels", $"{config.AudioChannels}");
        yield return ("stemsharp.segment_samples", $"{options.Samples ?? config.SegmentSamples}");
        yield return ("stemsharp.trained_segment_samples", $"{config.SegmentSamples}");
        yield return ("stemsharp.n_fft", $"{config.Nfft}");
        yield return ("stemsharp.hop_length", $"{config.HopLength}");
        yield return ("stemsharp.source", checkpoint.Name);
        if (checkpoint.Sha256 is { } checksum)
        {
            yield return ("stemsharp.source_sha256", checksum);
        }
    }
}
