using System.Globalization;
using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// An exported graph of either kind on onnxruntime as a segment engine. What a waveform graph gives are whole stems: they are
/// this engine's waveforms, beside spectrograms of zeros.
/// </summary>
public sealed class OnnxRuntimeEngine : ISegmentEngine
{
    private readonly OnnxSession _session;
    private readonly float[][] _inputs;
    private readonly float[][] _outputs;

    /// <summary>Where each of the graph's stems goes.</summary>
    private readonly int[] _places;

    /// <summary>Loads a graph that <c>stemsharp export onnx</c> wrote.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Null for the CPU with defaults.</param>
    /// <param name="stems">
    /// The stems that the engine gives, where a graph of a specialist gives some of them: the others are silent. Null for the
    /// graph's own.
    /// </param>
    /// <exception cref="ModelException">The file is no exported graph of one segment, or it gives another stem.</exception>
    /// <exception cref="ExternalToolException">onnxruntime or the provider cannot take it.</exception>
    public OnnxRuntimeEngine(OnnxRuntimeLibrary library, string path, OnnxSessionOptions? options = null, IReadOnlyList<string>? stems = null)
    {
        _session = new OnnxSession(library, path, options);
        try
        {
            SegmentShape shape = ShapeOf(_session, path);
            string[] own = (_session.Metadata("stemsharp.stems") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            Stems = stems ?? own;
            Shape = shape with { Stems = stems?.Count ?? shape.Stems };
            _places = stems is null ? [.. Enumerable.Range(0, shape.Stems)] : Places(own, shape, stems, path);
            SampleRate = Number(_session, "stemsharp.sample_rate");
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
        if (_inputs.Length > 1)
        {
            spectrogram.CopyTo(_inputs[0]);
        }

        waveform.CopyTo(_inputs[^1]);
        _session.Run([.. _inputs], [.. _outputs], cancellationToken);
        Place(_outputs.Length > 1 ? _outputs[0] : [], spectrograms);
        Place(_outputs[^1], waveforms);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private void Place(ReadOnlySpan<float> given, Span<float> all)
    {
        if (given.Length < all.Length)
        {
            all.Clear();
        }

        int each = given.Length / _places.Length;
        for (int i = 0; i < _places.Length; i++)
        {
            given.Slice(i * each, each).CopyTo(all[(_places[i] * each)..]);
        }
    }

    private static int[] Places(string[] own, SegmentShape shape, IReadOnlyList<string> stems, string path)
    {
        int[] places = [.. own.Select(stem => stems.ToList().IndexOf(stem))];
        return places.Length == shape.Stems && !places.Contains(-1)
            ? places
            : throw new ModelException($"{path} gives {shape.Stems} stems, {string.Join(", ", own)}; {string.Join(", ", stems)} are asked for.");
    }

    private static int Number(OnnxSession session, string key) =>
        int.TryParse(session.Metadata(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;

    private static SegmentShape ShapeOf(OnnxSession session, string path)
    {
        // mix [1, C, L] → stems [1, S, C, L]
        if (session is { Inputs: [{ Name: "mix", IsFloat: true, Dims: [1, long c, long l] }], Outputs: [{ IsFloat: true, Dims: [1, long s, long cOut, long lOut] }] }
            && (cOut, lOut) == (c, l) && Number(session, "stemsharp.n_fft") is int nfft and > 0)
        {
            int hop = nfft / 4;
            return new SegmentShape((int)s, (int)c, nfft / 2, ((int)l + hop - 1) / hop, (int)l);
        }

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

        throw new ModelException($"{path} is not an exported graph for one segment: it has inputs {string.Join(", ", session.Inputs)} and outputs {string.Join(", ", session.Outputs)}. Make one with: stemsharp export onnx MODEL --batch 1.");
    }
}
