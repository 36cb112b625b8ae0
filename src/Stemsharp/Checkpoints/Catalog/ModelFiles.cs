namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Kinds of model files by their names.</summary>
internal static class ModelFiles
{
    public static bool IsCheckpoint(string path) => HasExtension(path, ".th") || HasExtension(path, ".safetensors");

    public static bool IsBag(string path) => HasExtension(path, ".yaml") || HasExtension(path, ".yml");

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
