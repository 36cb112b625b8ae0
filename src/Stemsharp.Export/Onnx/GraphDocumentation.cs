using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>Says in the file itself what graph, inputs and outputs are; viewers show it beside them.</summary>
internal static class GraphDocumentation
{
    /// <summary>Writes the doc strings.</summary>
    /// <param name="model">The file.</param>
    /// <param name="definition">What the graph is: its own inputs and outputs.</param>
    /// <param name="precision">What it computes in.</param>
    public static void Apply(ModelProto model, NetworkDefinition definition, OnnxPrecision precision)
    {
        string stems = string.Join(", ", definition.Stems);
        string rest = definition.Transform is { } transform
            ? $"{GraphWords.Stem(definition)}; n_fft {transform.Nfft}, hop {transform.Hop}. "
            : "Transforms are inside where the network has any. ";
        model.DocString = model.Graph.DocString =
            $"Music source separation: one segment of {definition.Cut.Samples} samples in {GraphWords.Channels(definition)} at {definition.SampleRate} Hz into {stems}, in {precision.ToString().ToLowerInvariant()}. {rest}"
            + $"{(definition.Cut.Normalization == TrackNormalization.None ? "Cutting a track" : "Normalising a track, cutting it")} and joining its segments are the host's part.";
        Apply(model.Graph.Input, definition.Inputs, port => port.Role == PortRole.Waveform
            ? $"The segment{(definition.Cut.Normalization == TrackNormalization.None ? "" : ", normalised")}: [segment, channel ({GraphWords.ChannelNames(definition)}), sample]"
            : $"The segment's STFT: [segment, part ({GraphWords.Parts(definition, ", ")}), bin, frame]");
        Apply(model.Graph.Output, definition.Outputs, port => (port.Role, definition.Outputs.Length == 2) switch
        {
            (PortRole.Spectrogram, _) => $"Whole spectrograms, not masks: [segment, stem ({stems}), part, bin, frame]",
            (_, true) => $"What is added to each spectrogram's inverse: [segment, stem ({stems}), channel, sample]",
            _ => $"The stems: [segment, stem ({stems}), channel, sample]",
        });
    }

    private static void Apply(IEnumerable<ValueInfoProto> values, IEnumerable<NetworkPort> ports, Func<NetworkPort, string> text)
    {
        foreach ((ValueInfoProto value, NetworkPort port) in values.Zip(ports))
        {
            value.DocString = text(port);
        }
    }
}
