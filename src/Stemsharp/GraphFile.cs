using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Onnx;

namespace Stemsharp;

/// <summary>Tells an ONNX file that this project exported, which onnxruntime runs as it is, from other people's, which are models.</summary>
internal static class GraphFile
{
    /// <summary>The metadata entry of an exported graph that holds its network's definition.</summary>
    internal const string DefinitionKey = "stemsharp.definition";

    /// <summary>Whether it is an export; false as well where it cannot be read, which whoever opens it tells.</summary>
    /// <param name="path">A file that exists.</param>
    internal static bool IsExport(string path)
    {
        try
        {
            return CheckpointFormatException.Guard(path, () =>
            {
                using ByteSource source = ByteSource.OpenFile(path);
                return OnnxGraph.ReadMetadataKeys(source).Contains(DefinitionKey);
            });
        }
        catch (ModelException)
        {
            return false;
        }
    }
}
