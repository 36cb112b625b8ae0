using System.Globalization;
using Stemsharp.Cli.Benchmarks.Pipeline;

namespace Stemsharp.Bench;

/// <summary>What the command's <c>bench pipeline</c> measures, also for a song whose stems have to be written again with a gain.</summary>
internal static class PipelineTime
{
    /// <summary><c>pipeline [--json] [--threads N] [--seconds N] [--peak P] [--picture FILE]</c></summary>
    public static async Task PrintAsync(string[] args)
    {
        string? Of(string option) => Array.IndexOf(args, option) is >= 0 and int i ? args[i + 1] : null;
        PipelineBench bench = new()
        {
            Threads = int.Parse(Of("--threads") ?? $"{Environment.ProcessorCount}", CultureInfo.InvariantCulture),
            Seconds = double.Parse(Of("--seconds") ?? "180", CultureInfo.InvariantCulture),
            Peak = float.Parse(Of("--peak") ?? "0.9", CultureInfo.InvariantCulture),
        };
        PipelineResult result = await bench.RunAsync(CancellationToken.None);
        if (Of("--picture") is { } path)
        {
            File.WriteAllText(path, TimelinePicture.Of(result));
        }

        Console.WriteLine(args.Contains("--json") ? result.ToJson() : result.ToText());
    }
}
