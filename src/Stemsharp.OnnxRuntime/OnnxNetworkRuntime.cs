using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>A network on onnxruntime: the graph for the length at work, loaded.</summary>
internal sealed class OnnxNetworkRuntime : INetworkRuntime
{
    private readonly NetworkDefinition _definition;
    private readonly Func<int, int> _most;
    private readonly Func<int, int, OnnxNetworkSession> _load;
    private OnnxNetworkSession? _session, _beside;

    /// <param name="definition">What the engine takes and gives.</param>
    /// <param name="identity">What it is.</param>
    /// <param name="most">How many pieces of so many samples are to run together; asked for where there are several.</param>
    /// <param name="load">Loads the graph for so many samples and pieces.</param>
    public OnnxNetworkRuntime(NetworkDefinition definition, EngineIdentity identity, Func<int, int> most, Func<int, int, OnnxNetworkSession> load)
    {
        _definition = definition;
        _most = most;
        Identity = identity;
        _load = load;
    }

    /// <summary>A graph that is loaded already, and then belongs to this.</summary>
    public OnnxNetworkRuntime(NetworkDefinition definition, EngineIdentity identity, OnnxNetworkSession session)
        : this(definition, identity, _ => session.Pieces.Count, (samples, _) => throw new ModelException($"The graph takes {session.Samples} samples, not {samples}. Export the model for that length."))
    {
        _session = session;
    }

    /// <summary>Passes onnxruntime's messages on until this is disposed; null where nobody listens.</summary>
    public IDisposable? Messages { get; init; }

    public EngineIdentity Identity { get; }

    public string Description => _session?.Description ?? Identity.ToString();

    // Its libraries promise nothing about the order of their sums.
    public bool IsReproducible => false;

    public long HostBytes => 0;

    public bool Serves(int samples, long pieces) => _session?.Samples == samples && (_session.Pieces.Count > 1 || Together(samples, pieces) == 1);

    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
    {
        if (_session?.Samples != samples || !Serves(samples, pieces))
        {
            _session?.Dispose();
            (_session, _beside) = (null, null);
            OnnxNetworkSession session = Load(samples, Together(samples, pieces));
            if (session.Samples != samples || session.Channels != _definition.Channels || session.Stems.Count != _definition.Stems.Length)
            {
                string found = $"{session.Stems.Count} stems of {session.Channels} channels and {session.Samples} samples";
                session.Dispose();
                throw new ModelException($"The graph gives {found}, but {_definition.Stems.Length} of {_definition.Channels} and {samples} are asked for. Export the model again.");
            }

            _session = session;
        }

        // A device runs one piece while the processor is at work on another.
        return _session.IsOnProcessor ? _session.Pieces : [.. _session.Pieces, .. (_beside ??= _session.Beside()).Pieces];
    }

    public void Dispose()
    {
        _session?.Dispose();
        Messages?.Dispose();
    }

    // A song that does not fill a run goes piece by piece.
    private int Together(int samples, long pieces) => pieces > 1 && _most(samples) is > 1 and int most && most <= pieces ? most : 1;

    // A missing provider or library, met only now, is a refusal to those who may take another engine.
    private OnnxNetworkSession Load(int samples, int together)
    {
        try
        {
            return _load(samples, together);
        }
        catch (ExternalToolException e) when (e is not EngineException)
        {
            throw new EngineException(EngineFailure.Refused, e.Message, e);
        }
    }
}
