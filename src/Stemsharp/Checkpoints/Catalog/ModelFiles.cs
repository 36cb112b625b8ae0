namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Kinds of model files by their names.</summary>
internal static class ModelFiles
{
    private static readonly string[] s_checkpoints = [".th", ".safetensors", ".ckpt", ".onnx"];

    public static bool IsCheckpoint(string path) => s_checkpoints.Contains(Extension(path));

    /// <summary>Whether it is a graph by its name.</summary>
    public static bool IsGraph(string path) => Extension(path) == ".onnx";

    /// <summary>Whether it is a bag by its name: YAML, but not the configuration of a checkpoint beside it.</summary>
    public static bool IsBag(string path) => Extension(path) is ".yaml" or ".yml" && !SidecarFile.IsConfiguration(path, s_checkpoints);

    private static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();
}
