using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// An exported graph of either kind on onnxruntime. What a waveform graph gives are whole stems: such a session has no spectrograms.
/// </summary>
internal sealed unsafe class OnnxNetworkSession : INetworkSession
{
    private const string DefinitionKey = "stemsharp.definition";

    private readonly OnnxSession _session;
    private readonly bool _owns = true;

    // By role; null where the graph has none. All are pinned, so that their addresses hold.
    private readonly float[]?[] _inputs = new float[]?[2], _outputs = new float[]?[2], _given = new float[]?[2];

    // Where each of the graph's stems goes.
    private readonly int[] _places;
    private Action<string>? _say;

    /// <summary>Loads a graph that <c>stemsharp export onnx</c> wrote.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Null for the CPU with defaults.</param>
    /// <param name="stems">
    /// The stems that the session gives, where a graph of a specialist gives some of them: the others are silent. Null for the
    /// graph's own.
    /// </param>
    /// <exception cref="ModelException">The file is no exported graph of one segment, or it gives another stem.</exception>
    /// <exception cref="ExternalToolException">onnxruntime or the provider cannot take it.</exception>
    public OnnxNetworkSession(OnnxRuntimeLibrary library, string path, OnnxSessionOptions? options = null, IReadOnlyList<string>? stems = null)
    {
        _session = new OnnxSession(library, path, options);
        try
        {
            GraphForm form = FormOf(_session, path);
            string[] named = (_session.Metadata("stemsharp.stems") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            string[] own = named.Length == form.Stems ? named : [.. Enumerable.Range(1, form.Stems).Select(i => $"stem {i}")];
            Stems = stems ?? own;
            Channels = form.Channels;
            Samples = form.Samples;
            SampleRate = int.TryParse(_session.Metadata("stemsharp.sample_rate"), NumberStyles.None, CultureInfo.InvariantCulture, out int rate) ? rate : 0;
            _places = stems is null ? [.. Enumerable.Range(0, form.Stems)] : Places(own, form.Stems, stems, path);
            bool whole = Stems.Count == form.Stems && _places.Index().All(p => p.Index == p.Item);
            for (int role = 0; role < 2; role++)
            {
                if ((role == (int)PortRole.Spectrogram ? form.Spectrogram : form.Waveform) is { } at)
                {
                    _inputs[role] = Pinned(_session.Inputs[at].Elements);
                    _given[role] = Pinned(_session.Outputs[at].Elements);
                    _outputs[role] = whole ? _given[role] : Pinned(_session.Outputs[at].Elements / form.Stems * Stems.Count);
                }
            }
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    private OnnxNetworkSession(OnnxNetworkSession other)
    {
        _session = other._session;
        _owns = false;
        (Stems, Channels, Samples, SampleRate, _places) = (other.Stems, other.Channels, other.Samples, other.SampleRate, other._places);
        for (int role = 0; role < 2; role++)
        {
            _inputs[role] = Another(other._inputs[role]);
            _given[role] = Another(other._given[role]);
            _outputs[role] = ReferenceEquals(other._outputs[role], other._given[role]) ? _given[role] : Another(other._outputs[role]);
        }

        static float[]? Another(float[]? pinned) => pinned is null ? null : Pinned(pinned.Length);
    }

    /// <summary>Names of the stems, in the order of the outputs; numbers where the file has no names.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>Audio channels.</summary>
    public int Channels { get; }

    /// <summary>Samples of a piece.</summary>
    public int Samples { get; }

    /// <summary>The rate the model was trained at, in Hz; 0 when the file does not say.</summary>
    public int SampleRate { get; }

    /// <summary>
    /// How many nodes each execution provider ran, by onnxruntime's names, after the first run with
    /// <see cref="OnnxSessionOptions.CountNodes"/>; null before and without it.
    /// </summary>
    public IReadOnlyDictionary<string, int>? NodesByProvider => _session.NodesByProvider;

    /// <summary>A short text for logs and reports.</summary>
    public string Description => $"onnxruntime {_session.Library.Version} ({ProviderNames.Of(_session.Options.Provider).Replace("ExecutionProvider", "", StringComparison.Ordinal)})";

    /// <inheritdoc/>
    public IWorkers? Workers => null;

    /// <inheritdoc/>
    public float* Input(PortRole role) => Address(_inputs[(int)role]);

    /// <inheritdoc/>
    public float* Output(PortRole role) => Address(_outputs[(int)role]);

    /// <summary>Whether it runs on the threads of the process that are there for the work around it, too.</summary>
    public bool IsOnProcessor => _session.Options.Provider is ExecutionProvider.Cpu or ExecutionProvider.Xnnpack or ExecutionProvider.OpenVINO;

    /// <summary>Inputs and outputs of their own for the same graph, to be filled and read while it runs. Runs take turns; this has to live longer.</summary>
    public OnnxNetworkSession Beside() => new(this);

    /// <summary>What the file says of itself; of a waveform graph that says nothing, what its shapes say.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="ModelException">It has spectrograms and does not say how they are made.</exception>
    public NetworkDefinition Definition(string path)
    {
        if (_session.Metadata(DefinitionKey) is { } text)
        {
            return DefinitionJson.FromText(text);
        }

        if (_inputs[(int)PortRole.Spectrogram] is not null)
        {
            throw new ModelException($"{path} takes spectrograms and does not say how they are made. Export the model again.");
        }

        return new NetworkDefinition
        {
            Stems = [.. Stems],
            SampleRate = SampleRate > 0 ? SampleRate : 44_100,
            Channels = Channels,
            Cut = new PieceCut { Samples = Samples, Lengths = NetworkLengths.Only(Samples), StepNumerator = 3, StepDenominator = 4 },
            Inputs = [new("mix", PortRole.Waveform)],
            Outputs = [new("stems", PortRole.Waveform)],
        };
    }

    /// <summary>Tells, after the first run, which provider ran how many nodes.</summary>
    public void TellNodes(Action<string>? say) => _say = say;

    /// <inheritdoc/>
    public void Run(CancellationToken cancellationToken)
    {
        _session.Run([.. Memories(_inputs).Select(m => (ReadOnlyMemory<float>)m)], [.. Memories(_given)], cancellationToken);
        for (int role = 0; role < 2; role++)
        {
            if (_outputs[role] is { } all && !ReferenceEquals(all, _given[role]))
            {
                Place(_given[role]!, all);
            }
        }

        if (_say is { } say && NodesByProvider is { } nodes)
        {
            _say = null;
            say($"{Description} ran {NodeCounts.Text(nodes)}.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
        {
            _session.Dispose();
        }
    }

    private static IEnumerable<Memory<float>> Memories(float[]?[] byRole) => byRole.OfType<float[]>().Select(a => a.AsMemory());

    private static float[] Pinned(long floats) => GC.AllocateArray<float>(checked((int)floats), pinned: true);

    private static float* Address(float[]? pinned) =>
        pinned is null ? null : (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    private void Place(ReadOnlySpan<float> given, Span<float> all)
    {
        all.Clear();
        int each = given.Length / _places.Length;
        for (int i = 0; i < _places.Length; i++)
        {
            given.Slice(i * each, each).CopyTo(all[(_places[i] * each)..]);
        }
    }

    private static int[] Places(string[] own, int count, IReadOnlyList<string> stems, string path)
    {
        int[] places = [.. own.Select(stem => stems.ToList().IndexOf(stem))];
        return places.Length == count && !places.Contains(-1)
            ? places
            : throw new ModelException($"{path} gives {count} stems, {string.Join(", ", own)}; {string.Join(", ", stems)} are asked for.");
    }

    private static GraphForm FormOf(OnnxSession session, string path)
    {
        // mix [1, C, L] → stems [1, S, C, L]
        if (session is { Inputs: [{ Name: "mix", IsFloat: true, Dims: [1, long c, long l] }], Outputs: [{ IsFloat: true, Dims: [1, long s, long cOut, long lOut] }] }
            && (cOut, lOut) == (c, l))
        {
            return new GraphForm(null, 0, (int)s, (int)c, (int)l);
        }

        // spectrogram [1, 2·C, F, T], waveform [1, C, L] → spectrograms [1, S, 2·C, F, T], waveforms [1, S, C, L]
        if (session is
            {
                Inputs: [{ Name: "spectrogram", IsFloat: true, Dims: [1, long cac, long bins, long frames] }, { Name: "waveform", IsFloat: true, Dims: [1, long channels, long samples] }],
                Outputs: [{ IsFloat: true, Dims: [1, long stems, long cacOut, long binsOut, long framesOut] }, { IsFloat: true, Dims: [1, long stemsOut, long channelsOut, long samplesOut] }]
            }
            && cac == 2 * channels && (cacOut, binsOut, framesOut) == (cac, bins, frames) && (stemsOut, channelsOut, samplesOut) == (stems, channels, samples))
        {
            return new GraphForm(0, 1, (int)stems, (int)channels, (int)samples);
        }

        // spectrogram [1, 2·C, F, T] → spectrograms [1, S, 2·C, F, T]; how many samples that is, the definition says.
        if (session is
            {
                Inputs: [{ Name: "spectrogram", IsFloat: true, Dims: [1, long planes, long f, long t] }],
                Outputs: [{ IsFloat: true, Dims: [1, long given, long planesOut, long fOut, long tOut] }]
            }
            && (planesOut, fOut, tOut) == (planes, f, t)
            && session.Metadata(DefinitionKey) is { } text
            && DefinitionJson.FromText(text) is var definition
            && NetworkDefinition.Find(definition.Inputs, PortRole.Spectrogram) is { } port
            && definition.ShapeOf(port, definition.Cut.Samples).Select(n => (long)n).SequenceEqual([planes, f, t]))
        {
            return new GraphForm(0, null, (int)given, definition.Channels, definition.Cut.Samples);
        }

        throw new ModelException($"{path} is not an exported graph for one segment: it has inputs {string.Join(", ", session.Inputs)} and outputs {string.Join(", ", session.Outputs)}. Make one with: stemsharp export onnx MODEL --batch 1.");
    }

    /// <param name="Spectrogram">The place of the spectrogram among inputs and outputs; null where there is none.</param>
    /// <param name="Waveform">The place of the waveform; null where there is none.</param>
    /// <param name="Stems">Stems that it gives.</param>
    /// <param name="Channels">Audio channels.</param>
    /// <param name="Samples">Samples of a piece.</param>
    private sealed record GraphForm(int? Spectrogram, int? Waveform, int Stems, int Channels, int Samples);
}
