using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Stemsharp.Separation;

/// <summary>What observers can listen to: the activity source and the meter are both called <c>Stemsharp</c>.</summary>
internal static class SeparationTelemetry
{
    public const string Name = "Stemsharp";

    private static readonly Meter Meter = new(Name);

    /// <summary>Activities: <c>separation</c> around a song, <c>load</c> around a network's loading, <c>segment</c>.</summary>
    public static ActivitySource Source { get; } = new(Name);

    public static Histogram<double> SegmentDuration { get; } = Meter.CreateHistogram<double>(
        "stemsharp.segment.duration", "s", "Time for one segment, its transforms included.");

    public static Counter<long> SilentSegments { get; } = Meter.CreateCounter<long>(
        "stemsharp.segments.silent", "{segment}", "Segments of digital silence, which were skipped.");

    public static Histogram<double> LoadDuration { get; } = Meter.CreateHistogram<double>(
        "stemsharp.load.duration", "s", "Time to read a network's weights and make its engine.");

    public static UpDownCounter<long> NetworkMemory { get; } = Meter.CreateUpDownCounter<long>(
        "stemsharp.network.memory", "By", "Memory of the loaded networks of Stemsharp's own engine: weights, and working memory of each segment at once.");

    /// <summary>The tag that names the engine.</summary>
    public static KeyValuePair<string, object?> Engine(string description) => new("stemsharp.engine", description);

    public static Counter<double> AudioSeparated { get; } = Meter.CreateCounter<double>(
        "stemsharp.audio.separated", "s", "Audio that was separated.");

    public static Counter<long> ClippingStems { get; } = Meter.CreateCounter<long>(
        "stemsharp.stems.clipping", "{stem}", "Stems whose peak is above full scale.");
}
