using Stemsharp.Audio;

namespace Stemsharp.Cli.Separating;

/// <summary>What is known of an input before it is separated.</summary>
/// <param name="Info">Rate, depth, length.</param>
/// <param name="Tags">Its tags and cover.</param>
internal sealed record SourceFacts(AudioInfo Info, AudioTags Tags)
{
    /// <summary>Standard input is read only once, by the separation itself.</summary>
    internal static readonly SourceFacts Unknown = new(
        new AudioInfo { Description = "standard input", SampleRate = 44100, Channels = 2 }, AudioTags.Empty);

    internal static SourceFacts Read(string path)
    {
        using AudioSource source = AudioSource.Open(path);
        return new SourceFacts(source.Info, AudioTags.Empty);
    }

    /// <summary>Frames of the part that is separated, at the source's rate; null where that can't be told exactly.</summary>
    internal long? Frames(TimeSpan start, TimeSpan? duration)
    {
        if (Info.Length is not { } length)
            return null;
        long first = (long)Math.Round(start.TotalSeconds * Info.SampleRate);
        long rest = Math.Max(0, length - first);
        return duration is { } part ? Math.Min(rest, (long)Math.Round(part.TotalSeconds * Info.SampleRate)) : rest;
    }
}
