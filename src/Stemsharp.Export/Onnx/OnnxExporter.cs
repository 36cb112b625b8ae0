using System.Text.Json;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>One graph that was written.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="Stems">The stems it gives, in order.</param>
/// <param name="Nodes">How many nodes it has.</param>
/// <param name="Bytes">Its size, that of external weights included.</param>
public sealed record OnnxExportedFile(string Path, IReadOnlyList<string> Stems, int Nodes, long Bytes);

/// <summary>What an export wrote.</summary>
/// <param name="Files">One graph for each network of the model.</param>
/// <param name="Description">The JSON file that says how to run and combine them.</param>
/// <param name="Warnings">What the user should know about the choice of options.</param>
public sealed record OnnxExportResult(IReadOnlyList<OnnxExportedFile> Files, string Description, IReadOnlyList<string> Warnings);

/// <summary>Writes models as ONNX graphs.</summary>
public static class OnnxExporter
{
    /// <summary>
    /// Writes each network of a model as one graph, and a JSON file that says how to run and combine them.
    /// A network of a bag gives only the stems that it has a weight for. Names carry the precision where it is not single, as
    /// <c>NAME-mixed</c>. Equal calls write equal bytes. Files of an earlier export of the model in that precision are replaced as a set: what the new one does not write is deleted.
    /// </summary>
    /// <param name="model">The model, as the catalog resolved it.</param>
    /// <param name="folder">Where the files go; made if absent.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Stops between two networks, and while <see cref="OnnxExportResult.Warnings"/> are measured, when all files are written.</param>
    /// <exception cref="OptionException">An option is not valid, alone or for this model.</exception>
    /// <exception cref="ModelException">The checkpoint is broken or not supported.</exception>
    public static OnnxExportResult Export(ModelSource model, string folder, OnnxExportOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new OnnxExportOptions();
        options.Validate();
        if (options.Stems?.FirstOrDefault(s => !model.Stems.Contains(s)) is { } unknown)
        {
            throw new OptionException($"{model.Name} has no stem {unknown}; it has {string.Join(", ", model.Stems)}.");
        }

        // A complement takes all that the networks give.
        string? complement = model.Members[0].Network.Definition.Complement;
        options = complement is not null && options.Stems?.Contains(complement) == true ? options with { Stems = null } : options;
        Directory.CreateDirectory(folder);
        string name = string.Concat(model.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')) + Suffix(options);
        string description = Path.Combine(folder, $"{name}.json");
        IReadOnlyList<string> earlier = EarlierExport.Files(description);
        List<WrittenGraph> files = [];
        List<(OnnxExportedFile File, ModelMember Member, OnnxGraphOptions Graph)> trials = [];
        foreach (ModelMember member in model.Members)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string[] stems = [.. model.Stems.Where((stem, i) => stem != complement && member.Weights[i] > 0 && (options.Stems?.Contains(stem) ?? true))];
            if (stems.Length == 0)
            {
                continue;
            }

            string path = Path.Combine(folder, model.Members.Count == 1 ? $"{name}.onnx" : $"{name}-{member.Signature}.onnx");
            OnnxGraphOptions graph = options.ToGraph() with { Stems = stems, Samples = SegmentOf(member.Network.Definition, options) };
            ModelProto proto = OnnxModelBuilder.Build(member.Network, graph);
            LicenceMetadata.Add(proto, member.Licence);
            (long bytes, string checksum, string? external) = OnnxFile.Write(proto, path, options.ExternalWeights);
            files.Add(new WrittenGraph(new OnnxExportedFile(path, stems, proto.Graph.Node.Count, bytes), member, checksum, external, [.. proto.Graph.Input], [.. proto.Graph.Output]));
            trials.Add((files[^1].File, member, graph));
        }

        // Interpreting takes far longer than writing: the export is whole before it begins.
        OnnxFile.Replace(description, stream => Describe(stream, model, options, files));
        EarlierExport.Remove(earlier, files.SelectMany(f => options.ExternalWeights ? new[] { f.File.Path, OnnxFile.ExternalOf(f.File.Path) } : [f.File.Path]));
        string[] changes = [.. trials.SelectMany(t => Changes(t.File.Path, t.Member, t.Graph, cancellationToken))];
        return new OnnxExportResult([.. files.Select(f => f.File)], description, [.. changes, .. Warnings(options)]);
    }

    // The length that was asked for, in samples; networks that take any take some without a rest only.
    private static int? SegmentOf(NetworkDefinition network, OnnxExportOptions options)
    {
        int? samples = options.Segment is { } seconds ? (int)Math.Round(seconds * network.SampleRate) : null;
        return samples is { } asked && network.Cut.Lengths.Most == int.MaxValue ? network.Cut.NetworkSamples(asked) : samples;
    }

    // What integers and another length cost: waveform graphs, interpreted.
    private static IEnumerable<string> Changes(string path, ModelMember member, OnnxGraphOptions graph, CancellationToken cancellationToken)
    {
        NetworkDefinition definition = member.Network.Definition;
        int trained = definition.Cut.Samples, rate = definition.SampleRate;
        string file = Path.GetFileName(path);
        OnnxGraphOptions plain = new() { Stems = graph.Stems };
        if (graph.Int8)
        {
            double snr = Compare(member.Network, plain with { Samples = graph.Samples }, plain with { Samples = graph.Samples, Int8 = true }, path, cancellationToken);
            yield return $"{file}: with int8 its stems are at {snr:F1} dB of those in single precision, on made-up music.";
        }

        // Networks of convolutions take any length, and their own only as a habit.
        if (graph.Samples is { } samples && samples != trained && definition.Cut.Lengths.Most < int.MaxValue)
        {
            double snr = Compare(member.Network, plain, plain with { Samples = samples }, path, cancellationToken);
            yield return $"{file}: the model was trained on segments of {(double)trained / rate:F2} s; on one of {(double)samples / rate:F2} s its stems are at {snr:F1} dB of those, on made-up music, and often worse. Compare before using it.";
        }
    }

    private static double Compare(Network network, OnnxGraphOptions reference, OnnxGraphOptions candidate, string path, CancellationToken cancellationToken)
    {
        string[] files = [$"{path}.{Guid.NewGuid():N}.tmp", $"{path}.{Guid.NewGuid():N}.tmp"];
        try
        {
            OnnxFile.Write(OnnxModelBuilder.Build(network, reference), files[0], externalWeights: false);
            OnnxFile.Write(OnnxModelBuilder.Build(network, candidate), files[1], externalWeights: false);
            return OnnxTrial.Snr(files[0], files[1], cancellationToken);
        }
        finally
        {
            foreach (string file in files)
            {
                File.Delete(file);
            }
        }
    }

    private static string Suffix(OnnxExportOptions options) => options.Int8 ? "-int8" : options.Precision == OnnxPrecision.Fp32 ? "" : $"-{options.Precision.ToString().ToLowerInvariant()}";

    private static IEnumerable<string> Warnings(OnnxExportOptions options)
    {
        if (options.Precision == OnnxPrecision.Fp16)
        {
            yield return "fp16 keeps only norms, what lies between those of a residual block, and statistics in single precision; use mixed unless the target cannot.";
        }
    }

    private static void Describe(Stream stream, ModelSource model, OnnxExportOptions options, List<WrittenGraph> files)
    {
        NetworkDefinition definition = model.Members[0].Network.Definition;
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("version", OnnxExports.Version);
        json.WriteString("model", model.Name);
        json.WriteString("graph", options.Graph.ToString().ToLowerInvariant());
        json.WriteString("precision", options.Precision.ToString().ToLowerInvariant());
        if (options.Int8)
        {
            json.WriteString("quantized", "int8");
        }

        json.WriteNumber("segment_samples", SegmentOf(definition, options) ?? definition.Cut.NetworkSamples(definition.Cut.Samples));
        json.WriteNumber("batch", options.Batch);
        if (definition.Transform is { } transform)
        {
            json.WriteNumber("n_fft", transform.Nfft);
            json.WriteNumber("hop_length", transform.Hop);
        }

        NetworkDefinition first = Exported(definition);
        string text = DefinitionJson.ToText(first);
        DefinitionJson.WriteFields(json, first);
        json.WriteStartArray("networks");
        foreach ((OnnxExportedFile file, ModelMember member, string checksum, string? external, ValueInfoProto[] inputs, ValueInfoProto[] outputs) in files)
        {
            json.WriteStartObject();
            json.WriteString("file", Path.GetFileName(file.Path));
            json.WriteString("sha256", checksum);
            if (external is not null)
            {
                json.WriteStartObject(OnnxExports.ExternalTensors);
                json.WriteString("file", Path.GetFileName(OnnxFile.ExternalOf(file.Path)));
                json.WriteString("sha256", external);
                json.WriteEndObject();
            }

            json.WriteStartObject("tensors");
            WriteTensors("inputs", inputs);
            WriteTensors("outputs", outputs);
            json.WriteEndObject();
            WriteStrings("stems", file.Stems);
            json.WriteStartArray("weights");
            foreach (string stem in file.Stems)
            {
                json.WriteNumberValue(member.Weights[model.Stems.ToList().IndexOf(stem)]);
            }

            json.WriteEndArray();
            if (Exported(member.Network.Definition) is var own && DefinitionJson.ToText(own) != text)
            {
                json.WriteStartObject(OnnxExports.OwnDefinition);
                DefinitionJson.WriteFields(json, own);
                json.WriteEndObject();
            }

            LicenceMetadata.Write(json, member.Licence);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("combine", "stem = sum of weight times the network's stem, over the networks that give it, divided by the sum of these weights");
        json.WriteEndObject();

        NetworkDefinition Exported(NetworkDefinition network) =>
            OnnxExports.DefinitionOf(network, options.ToGraph() with { Samples = SegmentOf(network, options), Stems = options.Stems is null ? null : [.. options.Stems] });

        void WriteTensors(string property, ValueInfoProto[] values)
        {
            json.WriteStartArray(property);
            foreach (ValueInfoProto value in values)
            {
                json.WriteStartObject();
                json.WriteString("name", value.Name);
                json.WriteStartArray("shape");
                foreach (TensorShapeProto.Types.Dimension dimension in value.Type.TensorType.Shape.Dim)
                {
                    json.WriteNumberValue(dimension.DimValue);
                }

                json.WriteEndArray();
                json.WriteString("layout", value.DocString);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        void WriteStrings(string property, IEnumerable<string> values)
        {
            json.WriteStartArray(property);
            foreach (string value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }
    }

    // A graph with what the description says of it.
    private sealed record WrittenGraph(OnnxExportedFile File, ModelMember Member, string Sha256, string? ExternalSha256, ValueInfoProto[] Inputs, ValueInfoProto[] Outputs);
}
