using System.CommandLine;
using Stemsharp.Audio;
using Stemsharp.Cli.Benchmarks.Pipeline;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp bench pipeline</c>: what everything around the network takes.</summary>
internal static class BenchPipelineCommand
{
    internal static Command Create()
    {
        Option<int> threads = new("--threads") { Description = "Threads to work with; 0: one per processor." };
        Option<double> seconds = new("--seconds") { Description = "Length of the made-up song.", DefaultValueFactory = _ => 180 };
        Option<string?> input = new("--input") { Description = "A recording instead of the made-up song." };
        Option<string> format = new("--format") { Description = "The stems' format: wav or flac.", DefaultValueFactory = _ => "wav" };
        format.AcceptOnlyFromAmong("wav", "flac");
        Option<string?> picture = new("--picture") { Description = "Draw the stages over time to this SVG file." };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("pipeline", "Measure reading, blending, levelling and writing: a song through an engine that only copies.")
        {
            threads, seconds, input, format, picture, json,
        };
        command.SetAction(async (line, cancellationToken) =>
        {
            int asked = Values.Within("--threads", line.GetValue(threads), 0, 1024);
            foreach (string sentence in UselessOptions.Sentences(line, [new([seconds], "with --input, which has a length of its own.", line.GetValue(input) is not null)]))
            {
                line.InvocationConfiguration.Error.WriteLine($"stemsharp: {sentence}");
            }

            PipelineBench bench = new()
            {
                Threads = asked == 0 ? Environment.ProcessorCount : asked,
                Seconds = Values.Within("--seconds", line.GetValue(seconds), 1, 36_000),
                Input = line.GetValue(input),
                Format = line.GetValue(format) == "flac" ? AudioFormat.Flac : AudioFormat.Wav,
            };
            PipelineResult result = await bench.RunAsync(cancellationToken).ConfigureAwait(false);
            if (line.GetValue(picture) is { } path)
            {
                OutputErrors.Guard(() => File.WriteAllText(path, TimelinePicture.Of(result)));
            }

            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? result.ToJson() : result.ToText());
            return ExitCode.Success;
        });
        return command;
    }
}
