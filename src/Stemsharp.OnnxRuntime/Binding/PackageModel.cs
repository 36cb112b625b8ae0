using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>A model in a session of the package's.</summary>
internal sealed class PackageModel : ILoadedModel
{
    private readonly InferenceSession _session;

    // Host memory that the device reads and writes by itself; null where the provider has none.
    private readonly Lazy<OrtAllocator?> _pinned;

    public PackageModel(string path, SessionOptions options)
    {
        _session = new InferenceSession(path, options);
        try
        {
            Inputs = [.. _session.InputNames.Select(name => Describe(name, _session.InputMetadata[name]))];
            Outputs = [.. _session.OutputNames.Select(name => Describe(name, _session.OutputMetadata[name]))];
        }
        catch
        {
            _session.Dispose();
            throw;
        }

        _pinned = new Lazy<OrtAllocator?>(Pinned);
    }

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    public string? Metadata(string key) => _session.ModelMetadata.CustomMetadataMap.GetValueOrDefault(key);

    public IBoundRun Bind(IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs) =>
        new BoundValues(_session, _pinned.Value ?? OrtAllocator.DefaultInstance, inputs, outputs);

    public string EndProfiling() => _session.EndProfiling();

    public void Dispose()
    {
        if (_pinned.IsValueCreated)
        {
            _pinned.Value?.Dispose();
        }

        _session.Dispose();
    }

    private static TensorInfo Describe(string name, NodeMetadata metadata) => metadata.IsTensor
        ? new TensorInfo(name, Array.ConvertAll(metadata.Dimensions, d => (long)d), metadata.ElementDataType == TensorElementType.Float)
        : new TensorInfo(name, [], IsFloat: false);

    private OrtAllocator? Pinned()
    {
        try
        {
            using OrtMemoryInfo cuda = new("CudaPinned", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.CpuOutput);
            return new OrtAllocator(_session, cuda);
        }
        catch (Microsoft.ML.OnnxRuntime.OnnxRuntimeException)
        {
            return null;
        }
    }

    /// <summary>
    /// Inputs and outputs made once. They are given to each run rather than bound: an I/O binding copies inputs to a device when they are
    /// bound, so that it would have to be bound anew for each run.
    /// </summary>
    private sealed unsafe class BoundValues : IBoundRun
    {
        private readonly InferenceSession _session;
        private readonly RunOptions _options = new();
        private readonly List<OrtValue> _inputs = [], _outputs = [];

        public BoundValues(InferenceSession session, OrtAllocator allocator, IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs)
        {
            _session = session;
            try
            {
                _inputs.AddRange(inputs.Select(shape => OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, shape)));
                _outputs.AddRange(outputs.Select(shape => OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, shape)));
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public float* Input(int index) => Address(_inputs[index]);

        public float* Output(int index) => Address(_outputs[index]);

        public void Run(CancellationToken cancellationToken)
        {
            try
            {
                using (cancellationToken.Register(() => _options.Terminate = true))
                {
                    _session.Run(_options, _session.InputNames, _inputs, _session.OutputNames, _outputs);
                }
            }
            finally
            {
                _options.Terminate = false;
            }
        }

        public void Dispose()
        {
            _inputs.Concat(_outputs).ToList().ForEach(value => value.Dispose());
            _options.Dispose();
        }

        private static float* Address(OrtValue value) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(value.GetTensorMutableDataAsSpan<float>()));
    }
}
