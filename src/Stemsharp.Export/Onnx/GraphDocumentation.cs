using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>Says in the file itself what graph, inputs and outputs are; viewers show it beside them.</summary>
internal static class GraphDocumentation
{
    /// <summary>Writes the doc strings, from the file's metadata.</summary>
    public static void Apply(ModelProto model)
    {
        Dictionary<string, string> metadata = model.MetadataProps.ToDictionary(p => p.Key["stemsharp.".Length..], p => p.Value);
        bool waveform = metadata["graph"] == "waveform";
        string stems = metadata["stems"].Replace(",", ", "), samples = metadata["segment_samples"];
        model.DocString = model.Graph.DocString =
            $"Music source separation: one segment of {samples} stereo samples at {metadata["sample_rate"]} Hz into {stems}, in {metadata["precision"]}. "
            + (waveform
                ? "STFT and its inverse are inside. "
                : $"A stem is the inverse STFT of its spectrogram plus its waveform; n_fft {metadata["n_fft"]}, hop {metadata["hop_length"]}. ")
            + "Normalising a track, cutting it and joining its segments are the host's part.";
        foreach (ValueInfoProto value in model.Graph.Input.Concat(model.Graph.Output))
        {
            value.DocString = value.Name switch
            {
                OnnxModelBuilder.MixInput => "The segment, normalised: [segment, channel (left, right), sample]",
                OnnxModelBuilder.StemsOutput => $"The stems: [segment, stem ({stems}), channel, sample]",
                "spectrogram" => "The segment's STFT: [segment, part (left.re, left.im, right.re, right.im), bin, frame]",
                "waveform" => "The segment, normalised: [segment, channel (left, right), sample]",
                "spectrograms" => $"Whole spectrograms, not masks: [segment, stem ({stems}), part, bin, frame]",
                "waveforms" => $"What is added to each spectrogram's inverse: [segment, stem ({stems}), channel, sample]",
                _ => "",
            };
        }
    }
}
