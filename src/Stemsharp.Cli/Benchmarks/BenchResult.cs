using System.Globalization;
using System.Text;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>One step of the network in a profile.</summary>
/// <param name="Name">The graph node that it is named after.</param>
/// <param name="Description">What is fused into it.</param>
/// <param name="Seconds">Per segment.</param>
/// <param name="Gflop">The model's own operations.</param>
/// <param name="ExecutedGflop">Those that its products execute: fewer by Winograd, more where a tile is not full.</param>
/// <param name="Bytes">The least that moves: tensors read and written once, weights read once.</param>
internal sealed record ProfiledStep(string Name, string Description, double Seconds, double Gflop, double ExecutedGflop, long Bytes);

/// <summary>What <c>stemsharp bench</c> measured.</summary>
internal sealed record BenchResult
{
    internal required string Model { get; init; }

    internal required string Engine { get; init; }

    internal required int Networks { get; init; }

    /// <summary>Segments that ran together.</summary>
    internal required int SegmentsPerRun { get; init; }

    internal required int Threads { get; init; }

    /// <summary>The median over the measured segments, STFT and inverse included.</summary>
    internal required double SecondsPerSegment { get; init; }

    /// <summary>The model's own count, whatever the engine executes.</summary>
    internal required double GflopPerSegment { get; init; }

    /// <summary>What the engine's products execute; null where it does not say.</summary>
    internal required double? ExecutedGflopPerSegment { get; init; }

    /// <summary>Whether it ran on the processor, so that its peak is a yardstick.</summary>
    internal required bool IsOnProcessor { get; init; }

    /// <summary>The median of the peaks measured between the segments.</summary>
    internal required double FmaPeakGflops { get; init; }

    /// <summary>The median over the segments of each one's share of the peak measured right before and after it.</summary>
    internal required double PercentOfPeak { get; init; }

    /// <summary>The median of the mean rates of multiply-adds between the segments: what the machine gave, neighbours counted.</summary>
    internal required double FmaMeanGflops { get; init; }

    /// <summary>As <see cref="PercentOfPeak"/>, of the mean rates.</summary>
    internal required double PercentOfMean { get; init; }

    internal required long PeakMemoryBytes { get; init; }

    internal required long AllocatedBytesPerSegment { get; init; }

    internal required StartupTimes Startup { get; init; }

    internal IReadOnlyList<ProfiledStep> Profile { get; init; } = [];

    internal string ToJson() => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("model", Model);
            json.WriteString("engine", Engine);
            json.WriteNumber("threads", Threads);
            json.WriteNumber("seconds_per_segment", Math.Round(SecondsPerSegment, 5));
            json.WriteNumber("segments_per_run", SegmentsPerRun);
            json.WriteNumber("gflop_per_segment", Math.Round(GflopPerSegment, 3));
            if (IsOnProcessor)
            {
                json.WriteNumber("fma_peak_gflops", Math.Round(FmaPeakGflops, 2));
                json.WriteNumber("percent_of_peak", Math.Round(PercentOfPeak, 2));
                json.WriteNumber("fma_mean_gflops", Math.Round(FmaMeanGflops, 2));
                json.WriteNumber("percent_of_mean", Math.Round(PercentOfMean, 2));
            }

            json.WriteNumber("peak_memory_bytes", PeakMemoryBytes);
            json.WriteNumber("allocated_bytes_per_segment", AllocatedBytesPerSegment);
            json.WriteNumber("startup_seconds", Math.Round(Startup.Total, 3));
            json.WriteNumber("startup_opening_seconds", Math.Round(Startup.Opening, 3));
            json.WriteNumber("startup_planning_seconds", Math.Round(Startup.Planning, 3));
            json.WriteNumber("first_segment_seconds", Math.Round(Startup.FirstSegment, 3));
            if (Profile.Count == 0)
            {
                return;
            }

            json.WriteNumber("executed_gflop_per_segment", Math.Round(ExecutedGflopPerSegment ?? 0, 3));
            json.WriteStartArray("profile");
            foreach (ProfiledStep step in Profile)
            {
                json.WriteStartObject();
                json.WriteString("name", step.Name);
                json.WriteString("step", step.Description);
                json.WriteNumber("seconds", Math.Round(step.Seconds, 6));
                json.WriteNumber("gflop", Math.Round(step.Gflop, 3));
                json.WriteNumber("executed_gflop", Math.Round(step.ExecutedGflop, 3));
                json.WriteNumber("bytes", step.Bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);

    internal string ToText()
    {
        StringBuilder text = new();
        void Line(string name, FormattableString value) => text.Append(name.PadRight(22)).AppendLine(value.ToString(CultureInfo.InvariantCulture));
        Line("model", $"{Model}{(Networks > 1 ? $", the first of {Networks} networks" : "")}");
        Line("engine", $"{Engine}");
        Line("seconds per segment", $"{SecondsPerSegment:0.000}{(SegmentsPerRun > 1 ? $", {SegmentsPerRun} in a run" : "")}");
        string executed = ExecutedGflopPerSegment is { } known ? string.Create(CultureInfo.InvariantCulture, $" ({known:0.0} executed)") : "";
        Line("work per segment", $"{GflopPerSegment:0.0} GFLOP{executed}");
        Line("rate", $"{GflopPerSegment / SecondsPerSegment:0.0} GFLOP/s");
        if (IsOnProcessor)
        {
            Line("FMA peak", $"{FmaPeakGflops:0.0} GFLOP/s (on average {FmaMeanGflops:0.0})");
            Line("percent of peak", $"{PercentOfPeak:0.0} ({PercentOfMean:0.0} of the average)");
        }

        Line("peak memory", $"{Words.Bytes(PeakMemoryBytes)}");
        Line("allocated per segment", $"{AllocatedBytesPerSegment} bytes");
        Line("start-up", $"{Startup.Total:0.00} s (runtime {Startup.Runtime:0.00}, checkpoint {Startup.Opening:0.00}, plan {Startup.Planning:0.00}), then the first segment {Startup.FirstSegment:0.00} s");
        if (Profile.Count > 0)
        {
            text.AppendLine();
            text.AppendLine("      ms    share  GFLOP/s  executed      MB    GB/s  step");
            double total = Profile.Sum(s => s.Seconds);
            foreach (ProfiledStep step in Profile.OrderByDescending(s => s.Seconds))
            {
                Row(step.Seconds, step.Gflop, step.ExecutedGflop, step.Bytes, $"{step.Name}: {step.Description}");
            }

            Row(total, Profile.Sum(s => s.Gflop), Profile.Sum(s => s.ExecutedGflop), Profile.Sum(s => s.Bytes), "all");

            void Row(double seconds, double gflop, double executed, double bytes, string name) => text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{seconds * 1e3,8:0.00}  {100 * seconds / total,5:0.0} %  {gflop / seconds,7:0.0}  {executed / seconds,8:0.0}  {bytes / 1e6,6:0.0}  {bytes / seconds / 1e9,6:0.0}  {name}"));
        }

        return text.ToString().TrimEnd();
    }
}
