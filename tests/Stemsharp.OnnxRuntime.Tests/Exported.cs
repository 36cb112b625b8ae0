using Google.Protobuf;
using Stemsharp.Export.Onnx;
using Stemsharp.Model;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>A model exported into a temporary file.</summary>
internal sealed class Exported : IDisposable
{
    public Exported(string model, OnnxGraphOptions options)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"stemsharp-test-{Guid.NewGuid():N}.onnx");
        using FileStream file = File.Create(Path);
        OnnxModelBuilder.Build(FamilyTable.All.Open(model), options).WriteTo(file);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
