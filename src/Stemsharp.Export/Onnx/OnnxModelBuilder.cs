using Stemsharp.Export.Onnx.Lowering;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>Makes an ONNX model of a network.</summary>
internal static class OnnxModelBuilder
{
    public const string MixInput = "mix";
    public const string StemsOutput = "stems";

    /// <summary>The operator-set versions that can be written, each with its version of the file format.</summary>
    public static IReadOnlyDictionary<int, int> Opsets { get; } = new SortedDictionary<int, int> { [17] = 8, [18] = 8, [19] = 9, [20] = 9 };

    public static ModelProto Build(Network network, OnnxGraphOptions options)
    {
        options.Validate();
        NetworkDefinition definition = network.Definition;
        Graph.Graph recorded = network.Record(options.SamplesOf(definition));
        if (options.Int8 && !recorded.Nodes.Any(n => n.Op is LinearOp))
        {
            throw new OptionException("int8 would change nothing: linear layers over channels are what becomes integers, and this network has none. Leave it out; mixed makes the graph smaller.");
        }

        using INetworkWeights weights = network.OpenWeights(recorded);
        OnnxGraph graph = new(options.Opset);
        Lower(graph, recorded, definition, weights, options);
        ModelProto model = new()
        {
            IrVersion = Opsets[options.Opset],
            ProducerName = "Stemsharp",
            ProducerVersion = typeof(OnnxModelBuilder).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Proto,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = options.Opset });
        foreach ((string key, string value) in Metadata(weights, definition, options))
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        GraphDocumentation.Apply(model, OnnxExports.DefinitionOf(definition, options), options.Precision);
        return model;
    }

    private static void Lower(OnnxGraph graph, Graph.Graph network, NetworkDefinition definition, IWeightSource source, OnnxGraphOptions options)
    {
        LoweredValues values = new(graph, options.Batch);
        LoweringContext context = new(
            graph, network.Uses, values, new WeightStore(graph, source, options.HalfWeights), options.Precision, options.Fused, options.Int8, options.Form, Depth(network), options.Batch, Selection(definition, options));
        GraphLowering lowering = new(context, options.ScoreLimit);
        int stems = context.Stems?.Indices.Length ?? definition.Stems.Length;
        if (options.Kind == OnnxGraphKind.Spectrogram)
        {
            foreach ((NetworkPort port, (_, Value value)) in definition.Inputs.Zip(network.Inputs))
            {
                values.Set(value, Layout.ChannelsFirst, graph.Input(port.Name, ElementType.Float, [options.Batch, .. value.Shape.Dims]));
            }

            lowering.Run(network);
            foreach ((NetworkPort port, (_, Value value)) in definition.Outputs.Zip(network.Outputs))
            {
                graph.Output(port.Name, lowering.Output(value, stems, null));
            }
        }
        else
        {
            int samples = options.SamplesOf(definition);
            TransformLowering? transform = definition.Transform is { } known ? TransformLowering.Create(graph, known, samples, context.Fused) : null;
            Tensor mix = graph.Input(MixInput, ElementType.Float, [options.Batch, definition.Channels, samples]);
            foreach ((NetworkPort port, (_, Value value)) in definition.Inputs.Zip(network.Inputs))
            {
                values.Set(value, Layout.ChannelsFirst, port.Role == PortRole.Spectrogram ? transform!.Forward(mix) : mix);
            }

            lowering.Run(network);
            Tensor? inverse = Of(PortRole.Spectrogram) is { } spectrograms ? transform!.Inverse(lowering.Output(spectrograms, stems, transform.Gains())) : null;
            graph.Output(StemsOutput, Of(PortRole.Waveform) is { } waveforms ? lowering.Output(waveforms, stems, null, inverse) : inverse!);
        }

        if (context.ForGpus)
        {
            PlanarForm.Apply(graph.Proto);
        }

        if (options.Form == OnnxForm.Wasm)
        {
            OpenForm.Apply(graph.Proto);
        }

        CastGrouping.Apply(graph.Proto);
        ConstantNames.Apply(graph.Proto);

        Value? Of(PortRole role) => definition.Outputs.Zip(network.Outputs).FirstOrDefault(o => o.First.Role == role).Second.Value;
    }

    // How many layers the decoder of a U-shaped network has.
    private static int Depth(Graph.Graph network) => network.Nodes
        .Select(n => n.Name.Split('.'))
        .Where(path => path is ["decoder", _, ..])
        .Select(path => int.Parse(path[1], System.Globalization.CultureInfo.InvariantCulture) + 1)
        .DefaultIfEmpty(0)
        .Max();

    private static StemSelection? Selection(NetworkDefinition definition, OnnxGraphOptions options)
    {
        if (options.Stems is null || definition.Stems.All(options.Stems.Contains))
        {
            return null;
        }

        return new StemSelection([.. Enumerable.Range(0, definition.Stems.Length).Where(i => options.Stems.Contains(definition.Stems[i]))], definition.Stems.Length);
    }

    private static IEnumerable<(string Key, string Value)> Metadata(INetworkWeights weights, NetworkDefinition definition, OnnxGraphOptions options)
    {
        yield return ("stemsharp.graph", options.Kind.ToString().ToLowerInvariant());
        yield return ("stemsharp.precision", options.Precision.ToString().ToLowerInvariant());
        if (options.Int8)
        {
            yield return ("stemsharp.quantized", "int8");
        }

        if (options.Form != OnnxForm.Portable)
        {
            yield return ("stemsharp.form", options.Form.ToString().ToLowerInvariant());
        }

        yield return ("stemsharp.stems", string.Join(',', definition.Stems.Where(stem => options.Stems?.Contains(stem) ?? true)));
        yield return ("stemsharp.sample_rate", $"{definition.SampleRate}");
        yield return ("stemsharp.channels", $"{definition.Channels}");
        yield return ("stemsharp.segment_samples", $"{options.SamplesOf(definition)}");
        yield return ("stemsharp.trained_segment_samples", $"{definition.Cut.Samples}");
        if (definition.Transform is { } transform)
        {
            yield return ("stemsharp.n_fft", $"{transform.Nfft}");
            yield return ("stemsharp.hop_length", $"{transform.Hop}");
        }

        yield return (GraphFile.DefinitionKey, DefinitionJson.ToText(OnnxExports.DefinitionOf(definition, options)));
        yield return ("stemsharp.source", weights.Name);
        if (weights.Sha256 is { } checksum)
        {
            yield return ("stemsharp.source_sha256", checksum);
        }
    }
}
