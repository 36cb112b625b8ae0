using Google.Protobuf;
using Stemsharp.Checkpoints;
using Stemsharp.Export.Onnx;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>A model exported into a temporary file.</summary>
internal sealed class Exported : IDisposable
{
    public Exported(string model, OnnxGraphOptions options)
    {
        using Checkpoint checkpoint = model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? SyntheticCheckpoint.Open(model) : Checkpoint.Open(model);
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"stemsharp-test-{Guid.NewGuid():N}.onnx");
        using FileStream file = File.Create(Path);
        OnnxModelBuilder.Build(checkpoint, options).WriteTo(file);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
