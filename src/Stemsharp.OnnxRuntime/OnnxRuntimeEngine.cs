using System.Globalization;
using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>An exported spectrogram graph on onnxruntime as a segment engine.</summary>
public sealed class OnnxRuntimeEngine : ISegmentEngine
{
    private readonly OnnxSession _session;
    private readonly float[][] _inputs;
    private readonly float[][] _outputs;

    /// <summary>Loads a graph that <c>stemsharp export onnx --graph spectrogram</c> wrote.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Null for the CPU with defaults.</param>
    /// <exception cref="ModelException">The file is no spectrogram graph of one segment.</exception>
    /// <exception cref="ExternalToolException">onnxruntime or the provider cannot take it.</exception>
    public OnnxRuntimeEngine(OnnxRuntimeLibrary library, string path, OnnxSessionOptions? options = null)
    {
        _session = new OnnxSession(library, path, options);
        try
        {
            Shape = ShapeOf(_session, path);
            Stems = (_session.Metadata("stemsharp.stems") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            SampleRate = int.TryParse(_session.Metadata("stemsharp.sample_rate"), CultureInfo.InvariantCulture, out int rate) ? rate : 0;
            _inputs = [.. _session.Inputs.Select(t => new float[t.Elements])];
            _outputs = [.. _session.Outputs.Select(t => new float[t.Elements])];
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public SegmentShape Shape { get; }

    /// <summary>Names of the stems, in the order of the outputs.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>The rate the model was trained at, in Hz; 0 when the file does not say.</summary>
    public int SampleRate { get; }

    /// <summary>
    /// How many nodes each execution provider ran, by onnxruntime's names, after the first run with
    /// <see cref="OnnxSessionOptions.CountNodes"/>; null before and without it.
    /// </summary>
    public IReadOnlyDictionary<string, int>? NodesByProvider => _session.NodesByProvider;

    /// <inheritdoc/>
    public string Description => $"onnxruntime {_session.Library.Version} ({ProviderNames.Of(_session.Options.Provider).Replace("ExecutionProvider", "", StringComparison.Ordinal)})";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken)
    {
        spectrogram.CopyTo(_inputs[0]);
        waveform.CopyTo(_inputs[1]);
        _session.Run([_inputs[0], _inputs[1]], [_outputs[0], _outputs[1]], cancellationToken);
        _outputs[0].CopyTo(spectrograms);
        _outputs[1].CopyTo(waveforms);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static SegmentShape ShapeOf(OnnxSession session, string path)
    {
        // spectrogram [1, 2·C, F, T], waveform [1, C, L] → spectrograms [1, S, 2·C, F, T], waveforms [1, S, C, L]
        if (session is
            {
                Inputs: [{ Name: "spectrogram", IsFloat: true, Dims: [1, long cac, long bins, long frames] }, { Name: "waveform", IsFloat: true, Dims: [1, long channels, long samples] }],
                Outputs: [{ IsFloat: true, Dims: [1, long stems, long cacOut, long binsOut, long framesOut] }, { IsFloat: true, Dims: [1, long stemsOut, long channelsOut, long samplesOut] }]
            }
            && cac == 2 * channels && (cacOut, binsOut, framesOut) == (cac, bins, frames) && (stemsOut, channelsOut, samplesOut) == (stems, channels, samples))
        {
            return new SegmentShape((int)stems, (int)channels, (int)bins, (int)frames, (int)samples);
        }

        throw new ModelException($"{path} is not a spectrogram graph for one segment: it has inputs {string.Join(", ", session.Inputs)} and outputs {string.Join(", ", session.Outputs)}. Make one with: stemsharp export onnx MODEL --graph spectrogram --batch 1.");
    }
}
