using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// A model loaded into onnxruntime: float tensors in, float tensors out. One run at a time;
/// disposing waits for a run in progress.
/// </summary>
public sealed class OnnxSession : IDisposable
{
    private readonly ILoadedModel _model;
    private readonly List<IBoundRun> _bound = [];

    // What is given to a device goes there while it runs; both are over before the session goes.
    private readonly Lock _giving = new(), _running = new();
    private bool _disposed, _profiling;

    /// <summary>Loads a model.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Null for the CPU with defaults.</param>
    /// <exception cref="ExternalToolException">onnxruntime or the provider cannot take the model.</exception>
    public OnnxSession(OnnxRuntimeLibrary library, string path, OnnxSessionOptions? options = null)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"There is no file {path}.") { Failure = ModelFailure.NotInstalled };
        }

        options ??= new OnnxSessionOptions();
        Library = library;
        Options = options;
        SessionPlan plan = SessionPlan.Of(library, options);
        _model = library.Try($"load {path}", () => library.Binding.Load(Path.GetFullPath(path), plan, library.Try));
        _profiling = options.CountNodes;
    }

    /// <summary>The onnxruntime that runs the model.</summary>
    public OnnxRuntimeLibrary Library { get; }

    /// <summary>What the session was made with.</summary>
    public OnnxSessionOptions Options { get; }

    internal IReadOnlyList<TensorInfo> Inputs => _model.Inputs;

    internal IReadOnlyList<TensorInfo> Outputs => _model.Outputs;

    /// <summary>How many nodes each provider ran, after the first run; null before, and where it was not asked for.</summary>
    internal IReadOnlyDictionary<string, int>? NodesByProvider { get; private set; }

    /// <summary>An entry of the model's metadata, or null.</summary>
    /// <param name="key">Such as <c>stemsharp.stems</c>.</param>
    public string? Metadata(string key)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Library.Try("read the model's metadata", () => _model.Metadata(key));
    }

    /// <summary>Memory for all inputs and outputs; it lives as long as the session.</summary>
    /// <param name="batch">What a first dimension is that the model leaves open.</param>
    internal IBoundRun Bind(int batch = 1)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            IBoundRun bound = Library.Try("make inputs and outputs", () => _model.Bind([.. Inputs.Select(t => t.Shape(batch))], [.. Outputs.Select(t => t.Shape(batch))]));
            _bound.Add(bound);
            return bound;
        }
    }

    /// <summary>Runs the model once.</summary>
    /// <param name="bound">Inputs and outputs of this session.</param>
    /// <param name="cancellationToken">Stops between two nodes.</param>
    internal void Run(IBoundRun bound, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_giving)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Library.Try(OnnxRuntimeException.RunTheModel, bound.Give);
        }

        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                Library.Try(OnnxRuntimeException.RunTheModel, () => bound.Run(cancellationToken));
            }
            catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }

            if (_profiling)
            {
                _profiling = false;
                NodesByProvider = NodeCounts.Take(Library.Try("end profiling", _model.EndProfiling));
            }
        }
    }

    /// <summary>Releases the model; waits for a run in progress.</summary>
    public void Dispose()
    {
        lock (_giving)
        {
            lock (_running)
            {
                Release();
            }
        }
    }

    private void Release()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            // Otherwise the library writes the profile when the session goes, and leaves it.
            if (_profiling)
            {
                File.Delete(Library.Try("end profiling", _model.EndProfiling));
            }
        }
        catch (OnnxRuntimeException)
        {
            // A profile more or less is no reason to leak a session.
        }

        _bound.ForEach(bound => bound.Dispose());
        _model.Dispose();
    }
}
