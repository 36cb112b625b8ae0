using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime;

#pragma warning disable IDE0130 // The stand-in has to bear the package's namespace.
namespace Microsoft.ML.OnnxRuntime;

/// <summary>
/// Stands in for the package Microsoft.ML.OnnxRuntime, which the tests do not restore: the types and members
/// that the example of docs/hosts/onnxruntime-csharp.md names, over the same native library.
/// </summary>
internal sealed class InferenceSession(string path, SessionOptions options) : IDisposable
{
    private readonly OnnxSession _session = new(OnnxRuntimeLibrary.Load(), path, options.Settings);

    public IDisposableReadOnlyCollection<OrtValue> Run(RunOptions runOptions, IReadOnlyCollection<string> inputNames, IReadOnlyCollection<OrtValue> inputValues, IReadOnlyCollection<string> outputNames)
    {
        ArgumentNullException.ThrowIfNull(runOptions);
        if (!inputNames.SequenceEqual(_session.Inputs.Select(i => i.Name)) || !outputNames.SequenceEqual(_session.Outputs.Select(o => o.Name)))
        {
            throw new ArgumentException("The graph has other inputs or outputs.");
        }

        if (!inputValues.Zip(_session.Inputs).All(pair => pair.First.Shape.SequenceEqual(pair.Second.Dims)))
        {
            throw new ArgumentException("The graph takes other shapes.");
        }

        float[][] outputs = [.. _session.Outputs.Select(o => new float[o.Elements])];
        _session.Run([.. inputValues.Select(v => (ReadOnlyMemory<float>)v.Data)], [.. outputs.Select(o => (Memory<float>)o)], default);
        return new OrtValues(outputs.Zip(_session.Outputs, (data, info) => new OrtValue(data, info.Dims)));
    }

    public void Dispose() => _session.Dispose();
}

internal sealed class SessionOptions : IDisposable
{
    public OnnxSessionOptions Settings { get; } = new();

    public void Dispose()
    {
    }
}

internal sealed class RunOptions : IDisposable
{
    public void Dispose()
    {
    }
}

internal sealed class OrtValue(float[] data, long[] shape) : IDisposable
{
    public float[] Data => data;

    public long[] Shape => shape;

    public static OrtValue CreateTensorValueFromMemory(float[] data, long[] shape) => new(data, shape);

    public ReadOnlySpan<T> GetTensorDataAsSpan<T>() where T : unmanaged => MemoryMarshal.Cast<float, T>(data);

    public void Dispose()
    {
    }
}

internal interface IDisposableReadOnlyCollection<T> : IReadOnlyList<T>, IDisposable;

internal sealed class OrtValues(IEnumerable<OrtValue> values) : List<OrtValue>(values), IDisposableReadOnlyCollection<OrtValue>
{
    public void Dispose()
    {
    }
}
