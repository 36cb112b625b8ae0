using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models inspect</c>: stems, configuration, parameters and layers of a model.</summary>
internal static class InspectModelCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Option<bool> json = ModelsCommand.Json();
        Command command = new("inspect", "Show a model's stems, configuration, parameters and layers.") { model, repository, offline, json };
        command.SetAction(async (line, cancellationToken) =>
        {
            ModelSource source = await Catalogs.Create(line.GetValue(offline)).ResolveAsync(
                line.GetValue(model)!, line.GetValue(repository),
                progress: new DownloadView(line.InvocationConfiguration.Error, quiet: false),
                cancellationToken: cancellationToken).ConfigureAwait(false);
            InspectedNetwork[] networks = [.. source.Members.Select(InspectedNetwork.Of)];
            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? Json(source, networks) : Text(source, networks));
            return ExitCode.Success;
        });
        return command;
    }

    private sealed record Layer(string Name, int Tensors, long Parameters);

    private sealed record InspectedNetwork(
        ModelMember Member, string? Sha256, IReadOnlyDictionary<string, object?> Arguments, long Flops, IReadOnlyList<Layer> Layers)
    {
        internal long Parameters => Layers.Sum(l => l.Parameters);

        internal static InspectedNetwork Of(ModelMember member)
        {
            NetworkDefinition definition = member.Definition;
            Graph.Graph graph = member.Network.Record(definition.Cut.NetworkSamples(definition.Cut.Samples));
            // What the network needs is compared with what the file holds, as before a separation.
            using INetworkWeights weights = member.Network.OpenWeights(graph);
            Layer[] layers =
            [
                .. graph.Parameters.GroupBy(p => LayerOf(p.Name)).Select(g =>
                    new Layer(g.Key, g.Count(), g.Sum(p => p.Shape.Dims.Aggregate(1L, (a, b) => a * b)))),
            ];
            return new InspectedNetwork(member, weights.Sha256, (member.Network as CheckpointNetwork)?.Arguments ?? new Dictionary<string, object?>(), graph.Flops, layers);
        }

        // "crosstransformer.layers_t.0.linear1.weight" belongs to the layer "crosstransformer.layers_t.0".
        private static string LayerOf(string parameter)
        {
            string[] parts = parameter.Split('.');
            int index = Array.FindIndex(parts, p => int.TryParse(p, out _));
            return string.Join('.', parts[..(index < 0 ? 1 : index + 1)]);
        }
    }

    private static string Text(ModelSource source, IReadOnlyList<InspectedNetwork> networks)
    {
        List<string> lines =
        [
            $"model       {source.Name}",
            $"stems       {string.Join(", ", source.Stems)}",
            string.Create(CultureInfo.InvariantCulture, $"rate        {source.SampleRate} Hz"),
            string.Create(CultureInfo.InvariantCulture, $"segment     {source.SegmentSeconds:0.###} s"),
        ];
        foreach (InspectedNetwork network in networks)
        {
            lines.Add("");
            lines.Add($"family      {network.Member.Network.Family}");
            lines.Add($"network     {network.Member.Signature}{(network.Member.Path is { } path ? $"  {path}" : "")}");
            lines.Add($"licence     {Words.Licence(network.Member.Licence)}");
            if (network.Sha256 is { } hash)
            {
                lines.Add($"sha-256     {hash}");
            }

            if (networks.Count > 1)
            {
                lines.Add($"weights     {string.Join(", ", source.Stems.Zip(network.Member.Weights, (s, w) => FormattableString.Invariant($"{s} {w}")))}");
            }

            lines.Add(string.Create(CultureInfo.InvariantCulture, $"parameters  {network.Parameters:N0} in {network.Layers.Sum(l => l.Tensors)} tensors"));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"work        {network.Flops / 1e9:0.0} GFLOP a segment"));
            lines.Add("arguments");
            lines.AddRange(network.Arguments.Select(a => $"  {a.Key,-20} {JsonText.Value(json => PlainJson.Write(json, a.Value))}"));
            lines.Add("layers");
            int width = network.Layers.Max(l => l.Name.Length);
            lines.AddRange(network.Layers.Select(l =>
                string.Create(CultureInfo.InvariantCulture, $"  {l.Name.PadRight(width)}  {l.Tensors,4} tensors  {l.Parameters,12:N0} parameters")));
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static string Json(ModelSource source, IReadOnlyList<InspectedNetwork> networks) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("model", source.Name);
            json.WriteStartArray("stems");
            foreach (string stem in source.Stems)
            {
                json.WriteStringValue(stem);
            }

            json.WriteEndArray();
            json.WriteNumber("sample_rate", source.SampleRate);
            json.WriteNumber("segment_seconds", source.SegmentSeconds);
            json.WriteStartArray("networks");
            foreach (InspectedNetwork network in networks)
            {
                WriteNetwork(json, network);
            }

            json.WriteEndArray();
        },
        indented: true);

    private static void WriteNetwork(Utf8JsonWriter json, InspectedNetwork network)
    {
        json.WriteStartObject();
        json.WriteString("family", network.Member.Network.Family);
        json.WriteString("signature", network.Member.Signature);
        json.WritePath("path", network.Member.Path);
        json.WriteString("sha256", network.Sha256);
        json.WriteLicence(network.Member.Licence);
        json.WriteStartArray("weights");
        foreach (double weight in network.Member.Weights)
        {
            json.WriteNumberValue(weight);
        }

        json.WriteEndArray();
        json.WriteNumber("parameters", network.Parameters);
        json.WriteNumber("gflop_per_segment", Math.Round(network.Flops / 1e9, 3));
        json.WriteStartObject("definition");
        DefinitionJson.WriteFields(json, network.Member.Definition);
        json.WriteEndObject();
        json.WritePropertyName("arguments");
        PlainJson.Write(json, network.Arguments);
        json.WriteStartArray("layers");
        foreach (Layer layer in network.Layers)
        {
            json.WriteStartObject();
            json.WriteString("name", layer.Name);
            json.WriteNumber("tensors", layer.Tensors);
            json.WriteNumber("parameters", layer.Parameters);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
