using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>What the inputs and outputs of a graph are.</summary>
/// <param name="Inputs">By role, the place among the inputs; null where there is none.</param>
/// <param name="Outputs">By role, the place among the outputs; null where there is none.</param>
/// <param name="Batch">Pieces in a run.</param>
/// <param name="Stems">Stems that it gives.</param>
/// <param name="Channels">Audio channels.</param>
/// <param name="Samples">Samples of a piece.</param>
internal sealed record GraphForm(int?[] Inputs, int?[] Outputs, int Batch, int Stems, int Channels, int Samples)
{
    /// <summary>Recognises a graph.</summary>
    /// <param name="session">The loaded graph.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <exception cref="ModelException">It is none.</exception>
    public static GraphForm Of(OnnxSession session, string path) =>
        Named(session)
        ?? throw new ModelException($"{path} is not an exported graph: it has inputs {string.Join(", ", session.Inputs)} and outputs {string.Join(", ", session.Outputs)}. Make one with: stemsharp export onnx MODEL.");

    private static GraphForm? Named(OnnxSession session)
    {
        // mix [N, C, L] → stems [N, S, C, L]
        if (session is { Inputs: [{ Name: "mix", IsFloat: true, Dims: [> 0 and long n, long c, long l] }], Outputs: [{ IsFloat: true, Dims: [long nOut, long s, long cOut, long lOut] }] }
            && (nOut, cOut, lOut) == (n, c, l))
        {
            return new GraphForm([null, 0], [null, 0], (int)n, (int)s, (int)c, (int)l);
        }

        // spectrogram [N, 2·C, F, T], waveform [N, C, L] → spectrograms [N, S, 2·C, F, T], waveforms [N, S, C, L]
        if (session is
            {
                Inputs: [{ Name: "spectrogram", IsFloat: true, Dims: [> 0 and long batch, long cac, long bins, long frames] }, { Name: "waveform", IsFloat: true, Dims: [long batchToo, long channels, long samples] }],
                Outputs: [{ IsFloat: true, Dims: [long batchOut, long stems, long cacOut, long binsOut, long framesOut] }, { IsFloat: true, Dims: [long batchLast, long stemsOut, long channelsOut, long samplesOut] }]
            }
            && cac == 2 * channels && (batchToo, batchOut, batchLast) == (batch, batch, batch)
            && (cacOut, binsOut, framesOut) == (cac, bins, frames) && (stemsOut, channelsOut, samplesOut) == (stems, channels, samples))
        {
            return new GraphForm([0, 1], [0, 1], (int)batch, (int)stems, (int)channels, (int)samples);
        }

        // spectrogram [N, 2·C, F, T] → spectrograms [N, S, 2·C, F, T]; how many samples that is, the definition says.
        if (session is
            {
                Inputs: [{ Name: "spectrogram", IsFloat: true, Dims: [> 0 and long pieces, long planes, long f, long t] }],
                Outputs: [{ IsFloat: true, Dims: [long piecesOut, long given, long planesOut, long fOut, long tOut] }]
            }
            && (piecesOut, planesOut, fOut, tOut) == (pieces, planes, f, t)
            && session.Metadata(GraphFile.DefinitionKey) is { } text
            && DefinitionJson.FromText(text) is var definition
            && NetworkDefinition.Find(definition.Inputs, PortRole.Spectrogram) is { } port
            && definition.ShapeOf(port, definition.Cut.Samples).Select(d => (long)d).SequenceEqual([planes, f, t]))
        {
            return new GraphForm([0, null], [0, null], (int)pieces, (int)given, definition.Channels, definition.Cut.Samples);
        }

        return null;
    }
}
