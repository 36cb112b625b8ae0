using System.Globalization;
using System.Text;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>One step of the network in a profile.</summary>
internal sealed record ProfiledStep(string Name, string Description, double Seconds, double Gflop);

/// <summary>What <c>stemsharp bench</c> measured.</summary>
internal sealed record BenchResult
{
    internal required string Model { get; init; }

    internal required string Engine { get; init; }

    internal required int Networks { get; init; }

    internal required int Threads { get; init; }

    /// <summary>The median over the measured segments, STFT and inverse included.</summary>
    internal required double SecondsPerSegment { get; init; }

    /// <summary>The model's own count, whatever the engine executes.</summary>
    internal required double GflopPerSegment { get; init; }

    internal required double ExecutedGflopPerSegment { get; init; }

    internal required double FmaPeakGflops { get; init; }

    internal required long PeakMemoryBytes { get; init; }

    internal required long AllocatedBytesPerSegment { get; init; }

    internal required double StartupSeconds { get; init; }

    internal IReadOnlyList<ProfiledStep> Profile { get; init; } = [];

    internal double PercentOfPeak => 100 * GflopPerSegment / SecondsPerSegment / FmaPeakGflops;

    internal string ToJson() => JsonText.Object(
        json =>
        {
            json.WriteString("model", Model);
            json.WriteNumber("threads", Threads);
            json.WriteNumber("seconds_per_segment", Math.Round(SecondsPerSegment, 5));
            json.WriteNumber("gflop_per_segment", Math.Round(GflopPerSegment, 3));
            json.WriteNumber("fma_peak_gflops", Math.Round(FmaPeakGflops, 2));
            json.WriteNumber("percent_of_peak", Math.Round(PercentOfPeak, 2));
            json.WriteNumber("peak_memory_bytes", PeakMemoryBytes);
            json.WriteNumber("allocated_bytes_per_segment", AllocatedBytesPerSegment);
            json.WriteNumber("startup_seconds", Math.Round(StartupSeconds, 3));
            if (Profile.Count == 0)
                return;
            json.WriteNumber("executed_gflop_per_segment", Math.Round(ExecutedGflopPerSegment, 3));
            json.WriteStartArray("profile");
            foreach (ProfiledStep step in Profile)
            {
                json.WriteStartObject();
                json.WriteString("name", step.Name);
                json.WriteString("step", step.Description);
                json.WriteNumber("seconds", Math.Round(step.Seconds, 6));
                json.WriteNumber("gflop", Math.Round(step.Gflop, 3));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);

    internal string ToText()
    {
        var text = new StringBuilder();
        void Line(string name, FormattableString value) => text.Append(name.PadRight(22)).AppendLine(value.ToString(CultureInfo.InvariantCulture));
        Line("model", $"{Model}{(Networks > 1 ? $", the first of {Networks} networks" : "")}");
        Line("engine", $"{Engine}");
        Line("seconds per segment", $"{SecondsPerSegment:0.000}");
        Line("work per segment", $"{GflopPerSegment:0.0} GFLOP ({ExecutedGflopPerSegment:0.0} executed)");
        Line("rate", $"{GflopPerSegment / SecondsPerSegment:0.0} GFLOP/s");
        Line("FMA peak", $"{FmaPeakGflops:0.0} GFLOP/s");
        Line("percent of peak", $"{PercentOfPeak:0.0}");
        Line("peak memory", $"{Words.Bytes(PeakMemoryBytes)}");
        Line("allocated per segment", $"{AllocatedBytesPerSegment} bytes");
        Line("start-up", $"{StartupSeconds:0.00} s");
        if (Profile.Count > 0)
        {
            text.AppendLine();
            text.AppendLine("  ms       share   GFLOP/s  step");
            double total = Profile.Sum(s => s.Seconds);
            foreach (ProfiledStep step in Profile.OrderByDescending(s => s.Seconds))
            {
                text.AppendLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{step.Seconds * 1e3,8:0.00}  {100 * step.Seconds / total,5:0.0} %  {step.Gflop / step.Seconds,8:0.0}  {step.Name}: {step.Description}"));
            }
        }

        return text.ToString().TrimEnd();
    }
}
