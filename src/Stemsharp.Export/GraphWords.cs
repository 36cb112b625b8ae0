using Stemsharp.Inference;

namespace Stemsharp.Export;

/// <summary>What exports say of a network's inputs and outputs, in words.</summary>
internal static class GraphWords
{
    /// <summary>How many channels.</summary>
    public static string Channels(NetworkDefinition definition) => definition.Channels switch { 1 => "mono", 2 => "stereo", int n => $"{n} channels" };

    /// <summary>The channels, in order.</summary>
    public static string ChannelNames(NetworkDefinition definition) => string.Join(", ", Names(definition));

    /// <summary>The complex parts of a spectrogram's channels, in order.</summary>
    public static string Parts(NetworkDefinition definition, string separator) =>
        string.Join(separator, Names(definition).SelectMany(c => new[] { $"{c}.re", $"{c}.im" }));

    /// <summary>What a stem is made of.</summary>
    public static string Stem(NetworkDefinition definition) =>
        NetworkDefinition.Find(definition.Outputs, PortRole.Spectrogram) is null ? "A stem is its waveform"
        : definition.Outputs.Length == 1 ? "A stem is the inverse STFT of its spectrogram"
        : "A stem is the inverse STFT of its spectrogram plus its waveform";

    private static IEnumerable<string> Names(NetworkDefinition definition) => definition.Channels switch
    {
        1 => ["mono"],
        2 => ["left", "right"],
        int n => Enumerable.Range(1, n).Select(c => $"channel{c}"),
    };
}
