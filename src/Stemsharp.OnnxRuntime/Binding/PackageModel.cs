using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>A model in a session of the package's.</summary>
internal sealed class PackageModel(InferenceSession session, ExecutionProvider provider) : ILoadedModel
{
    // Host memory that an NVIDIA GPU reads and writes by itself; null elsewhere.
    private OrtAllocator? _pinned;

    public IReadOnlyList<TensorInfo> Inputs { get; } = [.. session.InputNames.Select(name => Describe(name, session.InputMetadata[name]))];

    public IReadOnlyList<TensorInfo> Outputs { get; } = [.. session.OutputNames.Select(name => Describe(name, session.OutputMetadata[name]))];

    public string? Metadata(string key) => session.ModelMetadata.CustomMetadataMap.GetValueOrDefault(key);

    public IBoundRun Bind(IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs)
    {
        if (provider is ExecutionProvider.Cuda or ExecutionProvider.TensorRT)
        {
            using OrtMemoryInfo memory = new("CudaPinned", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.CpuOutput);
            _pinned ??= new OrtAllocator(session, memory);
        }

        return new BoundRun(session, _pinned ?? OrtAllocator.DefaultInstance, OnnxNetworkSession.IsProcessor(provider), inputs, outputs);
    }

    public string EndProfiling() => session.EndProfiling();

    public void Dispose()
    {
        _pinned?.Dispose();
        session.Dispose();
    }

    private static TensorInfo Describe(string name, NodeMetadata metadata) => metadata.IsTensor
        ? new TensorInfo(name, Array.ConvertAll(metadata.Dimensions, d => (long)d), metadata.ElementDataType == TensorElementType.Float)
        : new TensorInfo(name, [], IsFloat: false);

    /// <summary>Inputs and outputs that are made and bound once. To bind an input is to copy it where the provider has memory of its own.</summary>
    private sealed unsafe class BoundRun : IBoundRun
    {
        private readonly InferenceSession _session;
        private readonly bool _shares;
        private readonly RunOptions _options = new();
        private readonly OrtIoBinding _binding;
        private readonly List<OrtValue> _inputs = [], _outputs = [];

        public BoundRun(InferenceSession session, OrtAllocator allocator, bool shares, IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs)
        {
            (_session, _shares, _binding) = (session, shares, session.CreateIoBinding());
            try
            {
                _inputs.AddRange(inputs.Select(shape => OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, shape)));
                _outputs.AddRange(outputs.Select(shape => OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, shape)));
                foreach ((string name, OrtValue output) in session.OutputNames.Zip(_outputs))
                {
                    _binding.BindOutput(name, output);
                }

                if (shares)
                {
                    BindInputs();
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public float* Input(int index) => Address(_inputs[index]);

        public float* Output(int index) => Address(_outputs[index]);

        public void Give()
        {
            if (!_shares)
            {
                BindInputs();
            }
        }

        public void Run(CancellationToken cancellationToken)
        {
            try
            {
                using (cancellationToken.Register(() => _options.Terminate = true))
                {
                    _session.RunWithBinding(_options, _binding);
                }
            }
            finally
            {
                _options.Terminate = false;
            }
        }

        public void Dispose()
        {
            _binding.Dispose();
            _inputs.Concat(_outputs).ToList().ForEach(value => value.Dispose());
            _options.Dispose();
        }

        private void BindInputs()
        {
            foreach ((string name, OrtValue input) in _session.InputNames.Zip(_inputs))
            {
                _binding.BindInput(name, input);
            }
        }

        private static float* Address(OrtValue value) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(value.GetTensorMutableDataAsSpan<float>()));
    }
}
