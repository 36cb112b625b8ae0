using System.Globalization;
using System.Text;
using System.Text.Json;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Benchmarks.Pipeline;

/// <summary>What a run took, and where.</summary>
/// <param name="WallSeconds">All of it.</param>
/// <param name="AudioSeconds">Length of the song.</param>
/// <param name="Threads">Threads that took part.</param>
/// <param name="Began">When it began, as the timeline has it.</param>
/// <param name="Timeline">Its stages.</param>
internal sealed record PipelineResult(double WallSeconds, double AudioSeconds, int Threads, long Began, Timeline Timeline)
{
    /// <summary>What FFmpeg takes by itself for the same files; null where it has no part in them.</summary>
    internal FFmpegAlone? Alone { get; init; }

    private IEnumerable<(string Name, double Seconds, int Count)> Totals => Timeline.Stages
        .GroupBy(s => s.Name)
        .Select(g => (g.Key, g.Sum(s => s.Seconds), g.Count()));

    /// <summary>For people.</summary>
    internal string ToText()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{AudioSeconds:F0} s of audio in {WallSeconds:F3} s on {Threads} threads; the longest chain of stages is {Timeline.CriticalPath:F3} s.");
        foreach ((string name, double seconds, int count) in Totals)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {name,-10} {seconds,8:F3} s in {count}");
        }

        if (Alone is { } alone)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"FFmpeg alone takes {alone.Seconds:F3} s for these files: {alone.DecodeSeconds:F3} s to decode, {alone.EncodeSeconds:F3} s to encode all at once.");
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>For programs.</summary>
    internal string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteNumber("wall_seconds", Math.Round(WallSeconds, 4));
            json.WriteNumber("critical_path_seconds", Math.Round(Timeline.CriticalPath, 4));
            json.WriteNumber("audio_seconds", Math.Round(AudioSeconds, 3));
            json.WriteNumber("threads", Threads);
            json.WriteStartObject("stages");
            foreach ((string name, double seconds, int count) in Totals)
            {
                json.WriteStartObject(name);
                json.WriteNumber("seconds", Math.Round(seconds, 4));
                json.WriteNumber("count", count);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            if (Alone is { } alone)
            {
                json.WriteNumber("ffmpeg_decode_seconds", Math.Round(alone.DecodeSeconds, 4));
                json.WriteNumber("ffmpeg_encode_seconds", Math.Round(alone.EncodeSeconds, 4));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
