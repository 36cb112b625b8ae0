using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp export coreml</c>: an .mlpackage for iOS and macOS, written on any system.</summary>
internal static class ExportCoreMLCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string> output = new("--out", "-o", "--output") { Description = "The package to write; a bag becomes one package per network, named after its stem.", HelpName = "X.mlpackage", Required = true };
        Option<string> target = Choice("--target", "The oldest system that runs it.", "ios17", "ios16", "ios17", "ios18");
        Option<string> precision = Choice("--precision", "mixed: most of the work in half precision, what loses accuracy in single. fp16: everything, for the Neural Engine.", "mixed", "fp32", "mixed", "fp16");
        Option<string[]> single = new("--single") { Description = "In a mixed package, what stays in single precision instead of the measured default: layers (\"encoder.0.*\") or kinds (\"LayerNorm\"), separated by commas; \"!\" takes back.", HelpName = "LIST", AllowMultipleArgumentsPerToken = false };
        Option<int?> palettize = new("--palettize") { Description = "Store weights as palettes with indices of 8, 6 or 4 bits; what that costs is measured and reported.", HelpName = "BITS" };
        Option<string[]> keep = new("--palette-keep") { Description = "With palettes, the layers that keep their weights instead of the measured default (\"decoder.3.*\"), separated by commas; \"!\" takes back.", HelpName = "LIST", AllowMultipleArgumentsPerToken = false };
        Option<int> group = new("--palette-group") { Description = "Output channels that share a palette, from ios18 on; 0 for one per tensor. Layers that do not divide keep their weights.", HelpName = "CHANNELS" };
        Option<double?> segment = new("--segment") { Description = "Native length of the network in seconds; default the length it was trained on.", HelpName = "SECONDS" };
        Option<string[]> stems = new("--stems") { Description = "Only these stems, separated by commas.", HelpName = "LIST" };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace a package that is there already." };
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Command command = new("coreml", "Write a CoreML package.") { model, output, target, precision, single, palettize, keep, group, segment, stems, overwrite, repository, offline };
        command.SetAction(async (line, cancellationToken) =>
        {
            string[] wanted = Values.Names(line.GetValue(stems) ?? []), patterns = Values.Names(line.GetValue(single) ?? []), kept = Values.Names(line.GetValue(keep) ?? []);
            CoreMLExportOptions options = new()
            {
                Target = line.GetValue(target) switch { "ios16" => CoreMLTarget.IOS16, "ios18" => CoreMLTarget.IOS18, _ => CoreMLTarget.IOS17 },
                Precision = line.GetValue(precision) switch { "fp32" => CoreMLPrecision.Float32, "fp16" => CoreMLPrecision.Float16, _ => CoreMLPrecision.Mixed },
                SinglePrecision = patterns.Length > 0 ? patterns : null,
                PaletteBits = line.GetValue(palettize),
                PaletteKeep = kept.Length > 0 ? kept : null,
                PaletteGroup = line.GetValue(group),
                Segment = line.GetValue(segment),
                Stems = wanted.Length > 0 ? wanted : null,
                Overwrite = line.GetValue(overwrite),
            };
            ModelSource source = await Catalogs.Create(line.GetValue(offline)).ResolveAsync(
                line.GetValue(model)!, line.GetValue(repository), options.Stems, new DownloadView(line.InvocationConfiguration.Error, quiet: false), cancellationToken).ConfigureAwait(false);
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<CoreMLExport> exports = CoreMLExporter.Export(source, line.GetValue(output)!, options, cancellationToken);
            foreach (CoreMLExport export in exports)
            {
                CoreMLReport report = CoreMLReport.Read(export.Path);
                foreach (string note in export.Notes)
                {
                    line.InvocationConfiguration.Error.WriteLine($"stemsharp: {note}");
                }

                line.InvocationConfiguration.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{export.Path}: {string.Join(", ", export.Stems)}; {report.TotalBytes / 1e6:0.0} MB, {report.Operations.Sum(o => o.Float16 + o.Float32)} operations, {report.HalfShare:P0} of the multiply-adds in half precision"));
            }

            line.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"written and checked in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Option<string> Choice(string name, string description, string otherwise, params string[] values)
    {
        Option<string> option = new(name) { Description = $"{description} {string.Join(", ", values)}; default {otherwise}.", HelpName = "NAME", DefaultValueFactory = _ => otherwise };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
