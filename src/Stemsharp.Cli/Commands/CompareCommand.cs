using System.CommandLine;
using System.Globalization;
using Stemsharp.Backends;
using Stemsharp.Cli.Comparison;
using Stemsharp.Cli.Hosting;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp compare</c>: two models, exports or engines on the same segment of audio.</summary>
internal static class CompareCommand
{
    internal static Command Create()
    {
        Argument<string> first = new("EXPECTED") { Description = "A model (on Stemsharp's own engine) or an export, a .onnx file or MODEL.json (on onnxruntime's CPU provider); taken as true." };
        Argument<string> second = new("ACTUAL") { Description = "The same; what is judged." };
        EngineOptions engine = new();
        Option<string?> zeroDc = ModelOptions.ZeroDc();
        Option<string?> audio = new("--audio") { Description = "Take a segment of this stereo file at the model's rate; default noise.", HelpName = "FILE" };
        Option<string?> start = new("--start") { Description = "Where the segment of --audio begins: seconds or [h:]m:s.", HelpName = "TIME" };
        Option<string?> truth = new("--truth") { Description = "Folder with the true stems of --audio, STEM.wav: shows what SI-SDR ACTUAL gains or loses.", HelpName = "FOLDER" };
        Option<double> bar = new("--min-snr") { Description = "Fail when a stem's SNR is below this many dB.", DefaultValueFactory = _ => 60 };
        Option<double> change = new("--max-si-sdr-change") { Description = "With --truth: fail when a stem's SI-SDR changes by more than this many dB.", DefaultValueFactory = _ => 0.1, HelpName = "DB" };
        Option<double> relative = new("--rtol") { Description = "Relative tolerance of the verdict on each sample.", DefaultValueFactory = _ => 1e-3 };
        Option<double> absolute = new("--atol") { Description = "Absolute tolerance of the verdict on each sample.", DefaultValueFactory = _ => 1e-4 };
        Option<int> threads = new("--threads") { Description = "Threads to compute with; 0: one per processor." };
        Option<bool> json = ModelsCommand.Json();
        Option<bool> probe = new("--probe") { Hidden = true };
        Command command = new("compare", "Run two models, exports or engines on the same audio and compare their stems.")
        {
            first, second, audio, start, truth, bar, change, relative, absolute, zeroDc, threads, json, probe,
        };
        foreach (Option option in engine.OfOneEngine)
        {
            command.Add(option);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            int count = Values.Within("--threads", line.GetValue(threads), 0, 1024);
            count = count == 0 ? Environment.ProcessorCount : count;

            // An export runs on onnxruntime whether it is named or not.
            bool export = ComparedSide.IsExport(line.GetValue(second)!);
            EngineChoice choice = engine.Read(line, export ? OnnxRuntimeBackend.BackendName : null);
            string[] processors = ["--threads", count.ToString(CultureInfo.InvariantCulture)];
            bool? chosen = ModelOptions.ReadZeroDc(line, zeroDc);
            if (chosen is not null && export && ComparedSide.IsExport(line.GetValue(first)!))
            {
                throw new OptionException("--zero-dc is chosen for a model; both sides are exports, which are as they were made. Leave it out.");
            }

            processors = [.. processors, .. Values.Given(line, [zeroDc])];
            SideSettings plain = new(count, EngineChoice.Cpu with { Library = choice.Library }, chosen, [.. processors, .. choice.Library is not null && ComparedSide.IsExport(line.GetValue(first)!) ? (string[])["--onnxruntime", choice.Library] : []]);
            SideSettings judged = new(count, choice, chosen, [.. processors, .. Values.Given(line, engine.OfOneEngine)]);
            if (line.GetValue(audio) is null && (line.GetValue(truth) ?? line.GetValue(start)) is not null)
            {
                throw new OptionException("--truth and --start belong to --audio, which is not given.");
            }

            foreach (string sentence in UselessOptions.Sentences(line, [new([change], "without --truth.", line.GetValue(truth) is null)]))
            {
                line.InvocationConfiguration.Error.WriteLine($"stemsharp: {sentence}");
            }

            if (line.GetValue(probe))
            {
                using ComparedSide side = await ComparedSide.OpenAsync(line.GetValue(second)!, judged, cancellationToken).ConfigureAwait(false);
                side.Run(ComparedAudio.Noise(side), cancellationToken);
                line.InvocationConfiguration.Output.WriteLine(ProcessMemory.Peak());
                return ExitCode.Success;
            }

            using ComparedSide expected = await ComparedSide.OpenAsync(line.GetValue(first)!, plain, cancellationToken).ConfigureAwait(false);
            using ComparedSide actual = await ComparedSide.OpenAsync(line.GetValue(second)!, judged, cancellationToken).ConfigureAwait(false);
            CheckShapes(expected, actual);
            TimeSpan begin = line.GetValue(start) is { } at ? Values.Time("--start", at) : TimeSpan.Zero;
            float[] mix = line.GetValue(audio) is { } file ? ComparedAudio.Read(file, begin, expected, cancellationToken) : ComparedAudio.Noise(expected);
            float[][] truths = [.. actual.Stems.Select(stem => line.GetValue(truth) is { } folder ? ComparedAudio.Truth(folder, stem, begin, expected, cancellationToken) : [])];
            float[] wanted = expected.Run(mix, cancellationToken), result = actual.Run(mix, cancellationToken);
            int size = expected.Channels * expected.Samples;
            StemComparison[] stems = [.. actual.Stems.Select((stem, s) => StemComparison.Of(
                stem, wanted.AsSpan(expected.Stems.ToList().IndexOf(stem) * size, size), result.AsSpan(s * size, size), truths[s], line.GetValue(relative), line.GetValue(absolute)))];
            expected.Memory = await MemoryAsync(line.GetValue(first)!, plain, cancellationToken).ConfigureAwait(false);
            actual.Memory = await MemoryAsync(line.GetValue(second)!, judged, cancellationToken).ConfigureAwait(false);
            bool passed = stems.All(s => s.Passes(line.GetValue(bar), line.GetValue(change)));
            ComparisonText text = new(expected, actual, stems, line.GetValue(bar), line.GetValue(truth) is null ? null : line.GetValue(change), passed);
            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? text.Json() : text.Table());
            return passed ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    // In a process of its own, so that each engine answers for itself alone.
    private static async Task<long> MemoryAsync(string side, SideSettings settings, CancellationToken cancellationToken)
    {
        string[] arguments = ["compare", side, side, "--probe", .. settings.Arguments];
        return long.Parse(await SelfProcess.RunAsync(arguments, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    private static void CheckShapes(ComparedSide expected, ComparedSide actual)
    {
        if ((expected.Channels, expected.Samples) != (actual.Channels, actual.Samples))
        {
            throw new OptionException($"{expected.Name} takes {expected.Channels}×{expected.Samples} samples and {actual.Name} {actual.Channels}×{actual.Samples}; only equal segments can be compared.");
        }

        if (actual.Stems.FirstOrDefault(s => !expected.Stems.Contains(s)) is { } odd)
        {
            throw new OptionException($"{actual.Name} gives the stem {odd}, which {expected.Name} does not.");
        }
    }
}
