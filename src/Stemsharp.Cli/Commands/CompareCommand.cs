using System.CommandLine;
using System.Globalization;
using Stemsharp.Audio;
using Stemsharp.Cli.Benchmarks;
using Stemsharp.Cli.Comparison;
using Stemsharp.Cli.Hosting;
using Stemsharp.Evaluation;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp compare</c>: two models, exports or engines on the same segment of audio.</summary>
internal static class CompareCommand
{
    internal static Command Create()
    {
        var first = new Argument<string>("EXPECTED") { Description = "A model (on Stemsharp's own engine) or an exported .onnx file (on onnxruntime); taken as true." };
        var second = new Argument<string>("ACTUAL") { Description = "The same; what is judged." };
        var audio = new Option<string?>("--audio") { Description = "Take the first segment of this stereo file at the model's rate; default noise.", HelpName = "FILE" };
        var bar = new Option<double>("--min-snr") { Description = "Fail when a stem's SNR is below this many dB.", DefaultValueFactory = _ => 60 };
        var relative = new Option<double>("--rtol") { Description = "Relative tolerance of the verdict on each sample.", DefaultValueFactory = _ => 1e-3 };
        var absolute = new Option<double>("--atol") { Description = "Absolute tolerance of the verdict on each sample.", DefaultValueFactory = _ => 1e-4 };
        var threads = new Option<int>("--threads") { Description = "Threads to compute with; 0: one per processor." };
        var library = new Option<string?>("--onnxruntime") { Description = "The onnxruntime library's file.", HelpName = "FILE" };
        Option<bool> json = ModelsCommand.Json();
        var probe = new Option<bool>("--probe") { Hidden = true };
        var command = new Command("compare", "Run two models, exports or engines on the same audio and compare their stems.")
        {
            first, second, audio, bar, relative, absolute, threads, library, json, probe,
        };
        command.SetAction(async (line, cancellationToken) =>
        {
            int count = Values.Within("--threads", line.GetValue(threads), 0, 1024);
            var options = new OnnxSessionOptions { Threads = count == 0 ? Environment.ProcessorCount : count };
            using ComparedSide expected = await ComparedSide.OpenAsync(line.GetValue(first)!, options, line.GetValue(library), cancellationToken).ConfigureAwait(false);
            if (line.GetValue(probe))
            {
                // Twice: some engines take more for the second run than for the first.
                for (int i = 0; i < 2; i++) expected.Run(Noise(expected), cancellationToken);
                line.InvocationConfiguration.Output.WriteLine(ProcessMemory.Peak());
                return ExitCode.Success;
            }

            using ComparedSide actual = await ComparedSide.OpenAsync(line.GetValue(second)!, options, line.GetValue(library), cancellationToken).ConfigureAwait(false);
            CheckShapes(expected, actual);
            float[] mix = line.GetValue(audio) is { } file ? Read(file, expected, cancellationToken) : Noise(expected);
            float[] truth = expected.Run(mix, cancellationToken), result = actual.Run(mix, cancellationToken);

            // The first run also warms up; the second is the one that is timed.
            expected.Run(mix, cancellationToken);
            actual.Run(mix, cancellationToken);
            var reports = new List<(string Stem, ParityReport Report)>();
            int size = expected.Channels * expected.Samples;
            for (int s = 0; s < actual.Stems.Count; s++)
            {
                int at = expected.Stems.ToList().IndexOf(actual.Stems[s]);
                reports.Add((actual.Stems[s], ParityReport.Compare(truth.AsSpan(at * size, size), result.AsSpan(s * size, size), line.GetValue(relative), line.GetValue(absolute))));
            }

            expected.Memory = await MemoryAsync(line.GetValue(first)!, count, line.GetValue(library), cancellationToken).ConfigureAwait(false);
            actual.Memory = await MemoryAsync(line.GetValue(second)!, count, line.GetValue(library), cancellationToken).ConfigureAwait(false);
            bool passed = reports.All(r => r.Report.Snr >= line.GetValue(bar));
            TextWriter output = line.InvocationConfiguration.Output;
            output.WriteLine(line.GetValue(json) ? Json(expected, actual, reports, passed) : Table(expected, actual, reports, line.GetValue(bar), passed));
            return passed ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    // In a process of its own, so that each engine answers for itself alone.
    private static async Task<long> MemoryAsync(string side, int threads, string? library, CancellationToken cancellationToken)
    {
        string[] arguments = ["compare", side, side, "--probe", "--threads", threads.ToString(CultureInfo.InvariantCulture), .. library is null ? (string[])[] : ["--onnxruntime", library]];
        return long.Parse(await SelfProcess.RunAsync(arguments, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    private static void CheckShapes(ComparedSide expected, ComparedSide actual)
    {
        if ((expected.Channels, expected.Samples) != (actual.Channels, actual.Samples))
        {
            throw new OptionException($"{expected.Name} takes {expected.Channels}×{expected.Samples} samples and {actual.Name} {actual.Channels}×{actual.Samples}; only equal segments can be compared.");
        }

        if (actual.Stems.FirstOrDefault(s => !expected.Stems.Contains(s)) is { } odd) throw new OptionException($"{actual.Name} gives the stem {odd}, which {expected.Name} does not.");
    }

    private static float[] Read(string file, ComparedSide side, CancellationToken cancellationToken)
    {
        using IAudioReader reader = AudioFiles.Open(file, cancellationToken: cancellationToken);
        if (reader.Channels != side.Channels) throw new AudioException($"{file} has {reader.Channels} channels; {side.Channels} are needed.");
        var interleaved = new float[side.Samples * side.Channels];
        for (int filled = 0, n; filled < interleaved.Length && (n = reader.Read(interleaved.AsSpan(filled))) > 0;) filled += n * side.Channels;
        var mix = new float[interleaved.Length];
        for (int i = 0; i < mix.Length; i++) mix[i % side.Channels * side.Samples + i / side.Channels] = interleaved[i];
        return mix;
    }

    private static float[] Noise(ComparedSide side)
    {
        var random = new Random(1);
        var noise = new float[side.Channels * side.Samples];
        for (int i = 0; i < noise.Length; i++) noise[i] = 0.2f * (random.NextSingle() + random.NextSingle() - 1);
        return noise;
    }

    private static string Table(ComparedSide expected, ComparedSide actual, List<(string Stem, ParityReport Report)> reports, double bar, bool passed)
    {
        IEnumerable<string> lines =
        [
            $"expected  {expected.Name}: {expected.Engine}, {expected.Seconds:F3} s a segment, {expected.Memory / 1e6:F0} MB at most",
            $"actual    {actual.Name}: {actual.Engine}, {actual.Seconds:F3} s a segment, {actual.Memory / 1e6:F0} MB at most",
            $"{"stem",-10} {"SNR dB",8} {"SI-SDR dB",10} {"max difference",15} {"within tolerance",17}",
            .. reports.Select(r => $"{r.Stem,-10} {r.Report.Snr,8:F2} {r.Report.SiSdr,10:F2} {r.Report.MaxDifference,15:E2} {(r.Report.AllClose ? "yes" : $"{r.Report.OutOfTolerance} not"),17}"),
            $"{(passed ? "passed" : "FAILED")}: at least {bar.ToString(CultureInfo.InvariantCulture)} dB asked for",
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static string Json(ComparedSide expected, ComparedSide actual, List<(string Stem, ParityReport Report)> reports, bool passed) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            foreach ((string role, ComparedSide side) in new[] { ("expected", expected), ("actual", actual) })
            {
                json.WriteStartObject(role);
                json.WriteString("name", side.Name);
                json.WriteString("engine", side.Engine);
                json.WriteNumber("seconds", Math.Round(side.Seconds, 4));
                json.WriteNumber("peak_memory_bytes", side.Memory);
                json.WriteEndObject();
            }

            json.WriteStartArray("stems");
            foreach ((string stem, ParityReport report) in reports)
            {
                json.WriteStartObject();
                json.WriteString("stem", stem);
                if (double.IsFinite(report.Snr)) json.WriteNumber("snr_db", Math.Round(report.Snr, 2));
                if (double.IsFinite(report.SiSdr)) json.WriteNumber("si_sdr_db", Math.Round(report.SiSdr, 2));
                json.WriteNumber("max_difference", report.MaxDifference);
                json.WriteBoolean("all_close", report.AllClose);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("passed", passed);
        },
        indented: true);
}
