using System.CommandLine;
using System.Globalization;
using Stemsharp.Backends;
using Stemsharp.Cli.Benchmarks;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp bench</c>: how fast a model runs here.</summary>
internal static class BenchCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Option<int> threads = new("--threads") { Description = "Threads to compute with; 0: one per processor." };
        Option<int> segments = new("--segments") { Description = "How many segments to measure; their median counts.", DefaultValueFactory = _ => 7 };
        Option<bool> profile = new("--profile") { Description = "Show where the time goes, step by step." };
        EngineOptions engine = new();
        Option<bool> json = ModelsCommand.Json();
        Option<string?> probe = new("--probe") { Hidden = true };
        Option<string?> probeValue = new("--probe-value") { Hidden = true };
        Command command = new("bench", "Measure a model's speed, memory and start-up against this machine's peak.")
        {
            model, repository, offline, threads, segments, profile, json, probe, probeValue,
        };
        foreach (Option option in engine.OfOneEngine)
        {
            command.Add(option);
        }

        command.Add(BenchPipelineCommand.Create());

        command.SetAction(async (line, cancellationToken) =>
        {
            int asked = Values.Within("--threads", line.GetValue(threads), 0, 1024);
            SegmentBench bench = new()
            {
                Model = line.GetValue(model)!,
                Repository = line.GetValue(repository),
                Offline = line.GetValue(offline),
                Threads = asked == 0 ? Environment.ProcessorCount : asked,
                Choice = engine.Read(line),
                ChoiceArguments = Values.Given(line, engine.OfOneEngine),
                Segments = Values.Within("--segments", line.GetValue(segments), 1, 10_000),
                Profile = line.GetValue(profile),
            };
            TextWriter output = line.InvocationConfiguration.Output;
            switch (line.GetValue(probe))
            {
                case SegmentBench.WriteProbe:
                    SegmentBench.WriteSynthetic(bench.Model, line.GetValue(probeValue)!);
                    return ExitCode.Success;
                case SegmentBench.StartupProbe:
                    long started = long.Parse(line.GetValue(probeValue)!, CultureInfo.InvariantCulture);
                    StartupTimes times = await bench.ProbeStartupAsync(started, cancellationToken).ConfigureAwait(false);
                    output.WriteLine(times.ToLine());
                    return ExitCode.Success;
            }

            BenchResult result = await bench.RunAsync(cancellationToken).ConfigureAwait(false);
            output.WriteLine(line.GetValue(json) ? result.ToJson() : result.ToText());
            return ExitCode.Success;
        });
        return command;
    }
}
