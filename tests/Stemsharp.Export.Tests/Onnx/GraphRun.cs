using Google.Protobuf;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx.Interpretation;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>Runs a graph that is not in a file yet.</summary>
internal static class GraphRun
{
    /// <summary>The first output of a graph, written and read back.</summary>
    public static float[] First(ModelProto model, float[] input, Summation order = Summation.Blocks)
    {
        string path = Path.Combine(Path.GetTempPath(), $"stemsharp-test-{Guid.NewGuid():N}.onnx");
        try
        {
            File.WriteAllBytes(path, model.ToByteArray());
            return new OnnxInterpreter(OnnxGraphFile.Open(path), order).Run([input])[0];
        }
        finally
        {
            File.Delete(path);
        }
    }
}
