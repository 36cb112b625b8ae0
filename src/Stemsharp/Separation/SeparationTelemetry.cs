using System.Diagnostics;
using System.Diagnostics.Metrics;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>What observers can listen to: the activity source and the meter are both called <c>Stemsharp</c>.</summary>
internal static class SeparationTelemetry
{
    public const string Name = "Stemsharp";

    private static readonly Meter s_meter = new(Name);
    private static readonly ActivitySource s_source = new(Name);
    private static readonly AsyncLocal<bool> s_ignores = new();

    private static readonly Histogram<double> s_segmentDuration = s_meter.CreateHistogram(
        "stemsharp.segment.duration", "s", "Time for one segment, its transforms included.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50] });

    private static readonly Counter<long> s_silentSegments = s_meter.CreateCounter<long>(
        "stemsharp.segments.silent", "{segment}", "Segments of digital silence, which were skipped.");

    private static readonly Histogram<double> s_loadDuration = s_meter.CreateHistogram(
        "stemsharp.load.duration", "s", "Time to read a network's weights and make its engine.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50] });

    private static readonly UpDownCounter<long> s_networkMemory = s_meter.CreateUpDownCounter<long>(
        "stemsharp.network.memory", "By", "Memory of the loaded networks of Stemsharp's own engine: weights, and working memory of each segment at once.");

    private static readonly Counter<double> s_audioSeparated = s_meter.CreateCounter<double>(
        "stemsharp.audio.separated", "s", "Audio that was separated.");

    private static readonly Counter<long> s_clippingStems = s_meter.CreateCounter<long>(
        "stemsharp.stems.clipping", "{stem}", "Stems whose peak is above full scale.");

    /// <summary>Tells observers nothing of what the caller, and what it calls, does from here on: it is no song of a user's.</summary>
    public static void Ignore() => s_ignores.Value = true;

    /// <summary>Begins an activity: <c>separation</c> around a song, <c>chain</c>, <c>load</c> around a network's loading, <c>segment</c>.</summary>
    public static Activity? Start(string activity) => s_ignores.Value ? null : s_source.StartActivity(activity);

    /// <summary>Segments have been through a network.</summary>
    /// <param name="seconds">Time for all of them.</param>
    /// <param name="segments">Their number.</param>
    /// <param name="engine">What ran them.</param>
    public static void RanSegments(double seconds, int segments, IEngine engine)
    {
        // An engine's description is made anew each time it is asked for.
        if (s_segmentDuration.Enabled && !s_ignores.Value)
        {
            s_segmentDuration.Record(seconds / segments, Engine(engine.Description));
        }
    }

    /// <summary>A segment of digital silence was skipped.</summary>
    public static void SkippedSegment() => Add(s_silentSegments, 1);

    /// <summary>A network was read.</summary>
    /// <param name="seconds">Time for it.</param>
    /// <param name="bytes">Memory that it takes.</param>
    /// <param name="network">The network's signature.</param>
    /// <param name="engine">The engine's description.</param>
    public static void Loaded(double seconds, long bytes, string network, string engine)
    {
        if (!s_ignores.Value)
        {
            s_loadDuration.Record(seconds, new("stemsharp.network", network), Engine(engine));
            s_networkMemory.Add(bytes);
        }
    }

    /// <summary>A network's memory was given back.</summary>
    public static void Unloaded(long bytes)
    {
        if (!s_ignores.Value)
        {
            s_networkMemory.Add(-bytes);
        }
    }

    /// <summary>A song is finished.</summary>
    /// <param name="seconds">Its length.</param>
    public static void Separated(double seconds) => Add(s_audioSeparated, seconds);

    /// <summary>A stem has a peak above full scale.</summary>
    public static void Clipped() => Add(s_clippingStems, 1);

    private static void Add<T>(Counter<T> counter, T count)
        where T : struct
    {
        if (!s_ignores.Value)
        {
            counter.Add(count);
        }
    }

    private static KeyValuePair<string, object?> Engine(string description) => new("stemsharp.engine", description);
}
