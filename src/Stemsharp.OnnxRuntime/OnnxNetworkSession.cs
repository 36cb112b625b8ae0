using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// An exported graph of either kind on onnxruntime. What a waveform graph gives are whole stems: such a session has no spectrograms.
/// </summary>
internal sealed unsafe class OnnxNetworkSession : INetworkSession
{
    private readonly OnnxSession _session;
    private readonly IBoundRun _run;
    private readonly GraphForm _form;
    private readonly bool _owns;

    // Where each of the graph's stems goes; null where they go where they are.
    private readonly int[]? _places;

    // By role, of all pieces: the stems in their places, where these differ from the graph's. Pinned, so that addresses hold.
    private readonly float[]?[] _placed = new float[]?[2];
    private Action<string>? _say;

    /// <summary>Loads a graph that <c>stemsharp export onnx</c> wrote.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Null for the CPU with defaults.</param>
    /// <param name="stems">
    /// The stems that the session gives, where a graph of a specialist gives some of them: the others are silent. Null for the
    /// graph's own.
    /// </param>
    /// <exception cref="ModelException">The file is no exported graph, or it gives another stem.</exception>
    /// <exception cref="ExternalToolException">onnxruntime or the provider cannot take it.</exception>
    public OnnxNetworkSession(OnnxRuntimeLibrary library, string path, OnnxSessionOptions? options = null, IReadOnlyList<string>? stems = null)
    {
        _owns = true;
        _session = new OnnxSession(library, path, options);
        try
        {
            _form = GraphForm.Of(_session, path);
            string[] named = (_session.Metadata("stemsharp.stems") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            string[] own = named.Length == _form.Stems ? named : [.. Enumerable.Range(1, _form.Stems).Select(i => $"stem {i}")];
            Stems = stems ?? own;
            SampleRate = int.TryParse(_session.Metadata("stemsharp.sample_rate"), NumberStyles.None, CultureInfo.InvariantCulture, out int rate) ? rate : 0;
            int[] places = stems is null ? [.. Enumerable.Range(0, _form.Stems)] : Places(own, _form.Stems, stems, path);
            _places = Stems.Count == _form.Stems && places.Index().All(p => p.Index == p.Item) ? null : places;
            _run = Bind();
        }
        catch
        {
            _session.Dispose();
            throw;
        }

        Pieces = Together();
    }

    private OnnxNetworkSession(OnnxNetworkSession other)
    {
        (_session, _form, _places) = (other._session, other._form, other._places);
        (Stems, SampleRate) = (other.Stems, other.SampleRate);
        _run = Bind();
        Pieces = Together();
    }

    /// <summary>Names of the stems, in the order of the outputs; numbers where the file has no names.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>Audio channels.</summary>
    public int Channels => _form.Channels;

    /// <summary>Samples of a piece.</summary>
    public int Samples => _form.Samples;

    /// <summary>The pieces that one run takes: this is the first one, and the others' leader.</summary>
    public IReadOnlyList<INetworkSession> Pieces { get; }

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
    public float* Input(PortRole role) => Input(role, 0);

    /// <inheritdoc/>
    public float* Output(PortRole role) => Output(role, 0);

    /// <summary>Whether it runs on the threads of the process that are there for the work around it, too.</summary>
    public bool IsOnProcessor => IsProcessor(_session.Options.Provider);

    /// <summary>Whether a provider runs on the threads of the process that are there for the work around it, too.</summary>
    public static bool IsProcessor(ExecutionProvider provider) => provider is ExecutionProvider.Cpu or ExecutionProvider.Xnnpack or ExecutionProvider.OpenVINO;

    /// <summary>Inputs and outputs of their own for the same graph, to be filled and read while it runs. Runs take turns; this has to live longer.</summary>
    public OnnxNetworkSession Beside() => new(this);

    /// <summary>What the file says of itself; of a waveform graph that says nothing, what its shapes say.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="ModelException">It has spectrograms and does not say how they are made.</exception>
    public NetworkDefinition Definition(string path)
    {
        if (_session.Metadata(GraphFile.DefinitionKey) is { } text)
        {
            return DefinitionJson.FromText(text);
        }

        if (_form.Inputs[(int)PortRole.Spectrogram] is not null)
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

    /// <summary>Floats of a piece's input; 0 where there is none.</summary>
    public int InputLength(PortRole role) => _form.Inputs[(int)role] is { } at ? (int)Elements(_session.Inputs[at]) : 0;

    /// <summary>Floats of a piece's output, all stems; 0 where there is none.</summary>
    public int OutputLength(PortRole role) => _form.Outputs[(int)role] is { } at ? (int)(Elements(_session.Outputs[at]) / _form.Stems * Stems.Count) : 0;

    /// <summary>Tells, after the first run, which provider ran how many nodes.</summary>
    public void TellNodes(Action<string>? say) => _say = say;

    /// <inheritdoc/>
    public void Run(CancellationToken cancellationToken)
    {
        _session.Run(_run, cancellationToken);
        if (_places is not null)
        {
            foreach (PortRole role in Enum.GetValues<PortRole>())
            {
                if (_placed[(int)role] is { } all)
                {
                    Place(_places, _run.Output(_form.Outputs[(int)role]!.Value), all);
                }
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

    // Stems of the graph into their places, the others silent: [N, given, …] → [N, stems, …].
    private void Place(int[] places, float* given, float[] all)
    {
        all.AsSpan().Clear();
        int each = all.Length / (_form.Batch * Stems.Count);
        for (int piece = 0; piece < _form.Batch; piece++)
        {
            for (int i = 0; i < places.Length; i++)
            {
                new ReadOnlySpan<float>(given + ((long)piece * places.Length + i) * each, each).CopyTo(all.AsSpan((piece * Stems.Count + places[i]) * each));
            }
        }
    }

    private float* Input(PortRole role, int piece) =>
        _form.Inputs[(int)role] is { } at ? _run.Input(at) + piece * Elements(_session.Inputs[at]) : null;

    private float* Output(PortRole role, int piece)
    {
        if (_placed[(int)role] is { } all)
        {
            return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(all)) + (long)piece * (all.Length / _form.Batch);
        }

        return _form.Outputs[(int)role] is { } at ? _run.Output(at) + piece * Elements(_session.Outputs[at]) : null;
    }

    // Of one piece.
    private static long Elements(TensorInfo tensor) => tensor.Dims.Skip(1).Aggregate(1L, (n, d) => n * d);

    private IBoundRun Bind()
    {
        for (int role = 0; role < 2; role++)
        {
            if (_places is not null && _form.Outputs[role] is { } at)
            {
                _placed[role] = GC.AllocateArray<float>(checked((int)(_form.Batch * Elements(_session.Outputs[at]) / _form.Stems * Stems.Count)), pinned: true);
            }
        }

        return _session.Bind(_form.Batch);
    }

    private INetworkSession[] Together() => [this, .. Enumerable.Range(1, _form.Batch - 1).Select(i => new Follower(this, i))];

    private static int[] Places(string[] own, int count, IReadOnlyList<string> stems, string path)
    {
        int[] places = [.. own.Select(stem => stems.ToList().IndexOf(stem))];
        return places.Length == count && !places.Contains(-1)
            ? places
            : throw new ModelException($"{path} gives {count} stems, {string.Join(", ", own)}; {string.Join(", ", stems)} are asked for.");
    }

    /// <summary>A further piece of the leader's runs.</summary>
    private sealed class Follower(OnnxNetworkSession leader, int piece) : INetworkSession
    {
        public IWorkers? Workers => leader.Workers;

        public INetworkSession Leader => leader;

        public float* Input(PortRole role) => leader.Input(role, piece);

        public float* Output(PortRole role) => leader.Output(role, piece);

        public void Run(CancellationToken cancellationToken) => leader.Run(cancellationToken);

        public void Dispose()
        {
        }
    }
}
