using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// A model loaded into onnxruntime: float tensors in, float tensors out. One run at a time;
/// disposing waits for a run in progress.
/// </summary>
public sealed unsafe class OnnxSession : IDisposable
{
    private readonly OrtApi _api;
    private readonly OrtHandle _session;
    private readonly OrtHandle _memory;
    private readonly Lock _running = new();
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
            throw new ModelException($"There is no file {path}.");
        }

        options ??= new OnnxSessionOptions();
        Library = library;
        Options = options;
        _api = library.Api;
        using OrtHandle native = SessionOptionsFactory.Create(library, options, out string? profile);
        _profiling = profile is not null;
        nint file = Utf8Strings.Path(Path.GetFullPath(path)), session = 0;
        try
        {
            using OrtHandle.Use environment = library.Environment.Enter(), settings = native.Enter();
            _api.Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)_api[OrtFunction.CreateSession])(environment.Value, file, settings.Value, &session), $"load {path}");
        }
        finally
        {
            Marshal.FreeCoTaskMem(file);
        }

        _session = new OrtHandle(_api, OrtFunction.ReleaseSession, session);
        try
        {
            nint memory = 0;
            _api.Check(((delegate* unmanaged<int, int, nint*, nint>)_api[OrtFunction.CreateCpuMemoryInfo])(0, 0, &memory), "describe memory");
            _memory = new OrtHandle(_api, OrtFunction.ReleaseMemoryInfo, memory);
            Inputs = Describe(OrtFunction.SessionGetInputCount, OrtFunction.SessionGetInputName, OrtFunction.SessionGetInputTypeInfo);
            Outputs = Describe(OrtFunction.SessionGetOutputCount, OrtFunction.SessionGetOutputName, OrtFunction.SessionGetOutputTypeInfo);
        }
        catch
        {
            _memory?.Dispose();
            _session.Dispose();
            throw;
        }
    }

    /// <summary>The onnxruntime that runs the model.</summary>
    public OnnxRuntimeLibrary Library { get; }

    /// <summary>What the session was made with.</summary>
    public OnnxSessionOptions Options { get; }

    internal IReadOnlyList<TensorInfo> Inputs { get; }

    internal IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>How many nodes each provider ran, after the first run; null before, and where it was not asked for.</summary>
    internal IReadOnlyDictionary<string, int>? NodesByProvider { get; private set; }

    /// <summary>An entry of the model's metadata, or null.</summary>
    /// <param name="key">Such as <c>stemsharp.stems</c>.</param>
    public string? Metadata(string key)
    {
        using OrtHandle.Use session = _session.Enter();
        nint metadata = 0;
        _api.Check(((delegate* unmanaged<nint, nint*, nint>)_api[OrtFunction.SessionGetModelMetadata])(session.Value, &metadata), "read the model's metadata");
        using OrtHandle owner = new(_api, OrtFunction.ReleaseModelMetadata, metadata);
        using Utf8Strings name = new(key);
        nint value = 0;
        _api.Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)_api[OrtFunction.ModelMetadataLookupCustomMetadataMap])(metadata, _api.Allocator(), name[0], &value), "read the model's metadata");
        return value == 0 ? null : _api.TakeString(value);
    }

    /// <summary>Runs the model once. Buffers are dense, in the order of the model's inputs and outputs.</summary>
    /// <param name="inputs">One buffer for each input.</param>
    /// <param name="outputs">One buffer for each output, overwritten.</param>
    /// <param name="cancellationToken">Stops between two nodes.</param>
    internal void Run(ReadOnlyMemory<float>[] inputs, Memory<float>[] outputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            using OrtHandle run = _api.Create(OrtFunction.CreateRunOptions, OrtFunction.ReleaseRunOptions, "prepare a run");
            using CancellationTokenRegistration registration = cancellationToken.Register(() => Terminate(run));
            List<IDisposable> owned = [];
            try
            {
                nint* values = stackalloc nint[inputs.Length + outputs.Length];
                for (int i = 0; i < inputs.Length; i++)
                {
                    values[i] = Bind(owned, Inputs[i], MemoryMarshal.AsMemory(inputs[i]));
                }

                for (int i = 0; i < outputs.Length; i++)
                {
                    values[inputs.Length + i] = Bind(owned, Outputs[i], outputs[i]);
                }

                using Utf8Strings names = new([.. Inputs.Select(t => t.Name), .. Outputs.Select(t => t.Name)]);
                using OrtHandle.Use session = _session.Enter(), runOptions = run.Enter();
                nint status = ((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)_api[OrtFunction.Run])(
                    session.Value, runOptions.Value, names.Pointers, values, (nuint)inputs.Length, names.Pointers + inputs.Length, (nuint)outputs.Length, values + inputs.Length);
                if (status != 0 && cancellationToken.IsCancellationRequested)
                {
                    _api.Release(OrtFunction.ReleaseStatus, status);
                    throw new OperationCanceledException(cancellationToken);
                }

                _api.Check(status, OnnxRuntimeException.RunTheModel);
                if (_profiling)
                {
                    NodesByProvider = NodeCounts.Take(EndProfiling());
                }
            }
            finally
            {
                for (int i = owned.Count - 1; i >= 0; i--)
                {
                    owned[i].Dispose();
                }
            }
        }
    }

    /// <summary>Ends profiling and returns the profile's file.</summary>
    private string EndProfiling()
    {
        _profiling = false;
        using OrtHandle.Use session = _session.Enter();
        nint file = 0;
        _api.Check(((delegate* unmanaged<nint, nint, nint*, nint>)_api[OrtFunction.SessionEndProfiling])(session.Value, _api.Allocator(), &file), "end profiling");
        return _api.TakeString(file);
    }

    /// <summary>Releases the model; waits for a run in progress.</summary>
    public void Dispose()
    {
        lock (_running)
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
                    File.Delete(EndProfiling());
                }
            }
            catch (OnnxRuntimeException)
            {
                // A profile more or less is no reason to leak a session.
            }

            _memory.Dispose();
            _session.Dispose();
        }
    }

    private void Terminate(OrtHandle run)
    {
        using OrtHandle.Use options = run.Enter();
        _api.Check(((delegate* unmanaged<nint, nint>)_api[OrtFunction.RunOptionsSetTerminate])(options.Value), "stop a run");
    }

    private nint Bind(List<IDisposable> owned, TensorInfo tensor, Memory<float> data)
    {
        if (data.Length != tensor.Elements)
        {
            throw new ArgumentException($"{tensor.Name} takes {tensor.Elements} floats, not {data.Length}.");
        }

        System.Buffers.MemoryHandle pin = data.Pin();
        owned.Add(pin);
        nint value = 0;
        fixed (long* dims = tensor.Dims)
        {
            using OrtHandle.Use memory = _memory.Enter();
            _api.Check(
                ((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)_api[OrtFunction.CreateTensorWithDataAsOrtValue])(
                    memory.Value, pin.Pointer, (nuint)data.Length * sizeof(float), dims, (nuint)tensor.Dims.Length, 1, &value),
                $"bind {tensor.Name}");
        }

        OrtHandle handle = new(_api, OrtFunction.ReleaseValue, value);
        owned.Add(handle);
        return value;
    }

    private TensorInfo[] Describe(OrtFunction count, OrtFunction name, OrtFunction type)
    {
        using OrtHandle.Use session = _session.Enter();
        nuint n = 0;
        _api.Check(((delegate* unmanaged<nint, nuint*, nint>)_api[count])(session.Value, &n), "read the model's inputs");
        TensorInfo[] result = new TensorInfo[(int)n];
        for (int i = 0; i < result.Length; i++)
        {
            nint text = 0, info = 0, tensor = 0;
            _api.Check(((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_api[name])(session.Value, (nuint)i, _api.Allocator(), &text), "read the model's inputs");
            string called = _api.TakeString(text);
            _api.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)_api[type])(session.Value, (nuint)i, &info), "read the model's inputs");
            using OrtHandle owner = new(_api, OrtFunction.ReleaseTypeInfo, info);
            _api.Check(((delegate* unmanaged<nint, nint*, nint>)_api[OrtFunction.CastTypeInfoToTensorInfo])(info, &tensor), "read the model's inputs");
            int element = 0;
            nuint rank = 0;
            _api.Check(((delegate* unmanaged<nint, int*, nint>)_api[OrtFunction.GetTensorElementType])(tensor, &element), "read the model's inputs");
            _api.Check(((delegate* unmanaged<nint, nuint*, nint>)_api[OrtFunction.GetDimensionsCount])(tensor, &rank), "read the model's inputs");
            long[] dims = new long[(int)rank];
            fixed (long* d = dims)
            {
                _api.Check(((delegate* unmanaged<nint, long*, nuint, nint>)_api[OrtFunction.GetDimensions])(tensor, d, rank), "read the model's inputs");
            }

            result[i] = new TensorInfo(called, dims, element == 1);
        }

        return result;
    }
}
