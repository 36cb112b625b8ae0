using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Targets;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp export onnx</c>: a model as ONNX graphs.</summary>
internal static class ExportOnnxCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string?> repository = ModelOptions.Repository();
        Option<string?> zeroDc = ModelOptions.ZeroDc();
        Option<bool> offline = ModelOptions.Offline(), json = ModelsCommand.Json();
        Option<string> output = new("--out", "-o", "--output") { Description = "Folder for the files.", DefaultValueFactory = _ => "." };
        Option<string> graph = new("--graph")
        {
            Description = "waveform: mix in, stems out, STFT and inverse inside. spectrogram: for hosts with an FFT of their own.",
            DefaultValueFactory = _ => "waveform",
        };
        Option<string> precision = new("--precision")
        {
            Description = "fp32; mixed: products in half, everything else in single precision; fp16: all but statistics, norms and what lies between those of a residual block in half.",
            DefaultValueFactory = _ => "fp32",
        };
        Option<string?> quantize = new("--quantize") { Description = "int8: the transformer's linear layers with integers, quantised at run time; the loss is measured and reported.", HelpName = "int8" };
        Option<string[]> weights = new("--weights")
        {
            Description = "fp16 (default: as the halves they come in, lossless) or fp32; inline (default) or external (NAME.onnx.data).",
            DefaultValueFactory = _ => [],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<int?> opset = new("--opset") { Description = "Version of the operator set: 17 to 20 (default: the target's, or 17)." };
        Option<int> batch = new("--batch") { Description = "Segments per run, 1 to 64.", DefaultValueFactory = _ => 1 };
        Option<double?> segment = new("--segment") { Description = "Length of a segment in seconds; other lengths than the model's own change its stems; by how much is measured and reported." };
        Option<string[]> stems = new("--stems") { Description = "Only these stems, separated by commas.", HelpName = "STEM,STEM" };
        Option<int?> attention = new("--attention-limit") { Description = "Largest score tensor of attention in MiB; 0 for no limit (default: 128; for wasm 4, for NVIDIA's GPUs none)." };
        Option<string?> target = new("--target") { Description = $"Write the form that this target likes, and fail when it does not take it: {string.Join(", ", OnnxTargets.All.Select(t => t.Name))}.", HelpName = "TARGET" };
        graph.AcceptOnlyFromAmong("waveform", "spectrogram");
        precision.AcceptOnlyFromAmong("fp32", "mixed", "fp16");
        quantize.AcceptOnlyFromAmong("int8");
        Command command = new("onnx", "Write a model as ONNX graphs, one for each network, and a JSON file that says how to run them.")
        {
            model, output, graph, precision, quantize, weights, opset, batch, segment, stems, zeroDc, attention, target, repository, offline, json,
        };
        command.SetAction(async (line, cancellationToken) =>
        {
            Values.OneOf(graph, line.GetValue(graph));
            Values.OneOf(precision, line.GetValue(precision));
            string[] stored = Values.Names(line.GetValue(weights)!);
            if (stored.FirstOrDefault(w => w is not ("fp16" or "fp32" or "inline" or "external")) is { } odd)
            {
                throw new OptionException($"--weights {odd} is not valid; fp16, fp32, inline and external are.");
            }

            if (stored.Contains("fp16") && stored.Contains("fp32"))
            {
                throw new OptionException("--weights fp16 and fp32 exclude each other; give one of them.");
            }

            if (stored.Contains("inline") && stored.Contains("external"))
            {
                throw new OptionException("--weights inline and external exclude each other; give one of them.");
            }

            OnnxTarget? wanted = line.GetValue(target) is { } named ? OnnxTargets.Of(named) : null;
            int limit = Values.Within("--attention-limit", line.GetValue(attention) ?? wanted?.AttentionLimit ?? 128, 0, 1 << 20);
            OnnxExportOptions options = new()
            {
                Graph = Enum.Parse<OnnxGraphKind>(line.GetValue(graph)!, ignoreCase: true),
                Precision = Enum.Parse<OnnxPrecision>(line.GetValue(precision)!, ignoreCase: true),
                Form = wanted?.Form ?? OnnxForm.Portable,
                Int8 = line.GetValue(quantize) is not null,
                HalfWeights = !stored.Contains("fp32"),
                ExternalWeights = stored.Contains("external"),
                Opset = line.GetValue(opset) ?? wanted?.Opset ?? 17,
                Batch = line.GetValue(batch),
                Segment = line.GetValue(segment),
                Stems = line.GetValue(stems) is { Length: > 0 } listed ? Values.Names(listed) : null,
                AttentionLimit = limit == 0 ? long.MaxValue : (long)limit << 20,
            };

            bool? chosen = ModelOptions.ReadZeroDc(line, zeroDc);

            // Before anything is fetched or made.
            options.Validate();
            ModelSource source = await Catalogs.Create(line.GetValue(offline)).ResolveAsync(
                line.GetValue(model)!, line.GetValue(repository), options.Stems, new DownloadView(line.InvocationConfiguration.Error, quiet: false, progress: !line.GetValue(json)),
                cancellationToken).ConfigureAwait(false);
            source = chosen is { } zero ? source.WithZeroDc(zero) : source;
            OnnxExportResult result = OnnxExporter.Export(source, line.GetValue(output)!, options, cancellationToken);
            Report(line.InvocationConfiguration, result, line.GetValue(json));
            return wanted is null || Suits(line.InvocationConfiguration.Error, result, wanted) ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    private static bool Suits(TextWriter error, OnnxExportResult result, OnnxTarget target)
    {
        bool suits = true;
        foreach (OnnxExportedFile file in result.Files)
        {
            TargetVerdict verdict = OnnxReport.Read(file.Path).Targets.Single(t => t.Target == target);
            foreach (string obstacle in verdict.Obstacles)
            {
                error.WriteLine($"stemsharp: {target.Title} does not take {file.Path}: {obstacle}");
            }

            foreach (string part in verdict.Elsewhere)
            {
                error.WriteLine($"stemsharp: {target.Title} leaves to the CPU: {part}");
            }

            suits &= verdict.Runs;
        }

        return suits;
    }

    private static void Report(InvocationConfiguration console, OnnxExportResult result, bool asJson)
    {
        foreach (string warning in result.Warnings)
        {
            console.Error.WriteLine($"stemsharp: {warning}");
        }

        if (!asJson)
        {
            foreach (OnnxExportedFile file in result.Files)
            {
                console.Output.WriteLine($"{file.Path}: {string.Join(", ", file.Stems)}; {file.Nodes} nodes, {file.Bytes / 1e6:F1} MB");
            }

            console.Output.WriteLine(result.Description);
            return;
        }

        console.Output.WriteLine(JsonText.Object(
            json =>
            {
                json.WriteNumber("version", 1);
                json.WritePath("description", result.Description);
                json.WriteStartArray("files");
                foreach (OnnxExportedFile file in result.Files)
                {
                    json.WriteStartObject();
                    json.WritePath("path", file.Path);
                    json.WriteStartArray("stems");
                    foreach (string stem in file.Stems)
                    {
                        json.WriteStringValue(stem);
                    }

                    json.WriteEndArray();
                    json.WriteNumber("nodes", file.Nodes);
                    json.WriteNumber("bytes", file.Bytes);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteStartArray("warnings");
                foreach (string warning in result.Warnings)
                {
                    json.WriteStringValue(warning);
                }

                json.WriteEndArray();
            },
            indented: true));
    }
}
