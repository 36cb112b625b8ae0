namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// Finds a checkpoint's configuration where other programs keep it: under its published name beside the checkpoint (audio-separator), or in
/// the folder <c>mdx_c_configs</c> (UVR), which a record of the checkpoint's MD5 points into when people chose it themselves; or as the only
/// one beside the only checkpoint of a folder, as they are downloaded from a publisher's page.
/// </summary>
internal static class ConfigurationFile
{
    private const string Configurations = "mdx_c_configs";

    /// <summary>The configuration's path; null where one of the checkpoint's own name lies beside it, or none is found.</summary>
    /// <param name="checkpointPath">The checkpoint.</param>
    /// <param name="publishedName">The name that its configuration is published under, if known.</param>
    public static string? Find(string checkpointPath, string? publishedName)
    {
        if (SidecarFile.Find(checkpointPath) is not null)
        {
            return null;
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(checkpointPath))!;
        string[] places = [folder, Path.Combine(folder, Configurations), Path.Combine(folder, UvrRecords.Folder, Configurations)];
        return publishedName is not null && places.Select(p => Path.Combine(p, publishedName)).FirstOrDefault(File.Exists) is { } published
            ? published
            : Recorded(checkpointPath, Path.Combine(folder, UvrRecords.Folder)) ?? Only(folder);
    }

    private static string? Only(string folder)
    {
        string[] files = CheckpointFormatException.Guard(folder, () => Directory.GetFiles(folder));
        string[] configurations = files.Count(file => ModelFiles.IsCheckpoint(file) && !ModelFiles.IsGraph(file)) == 1 ? [.. files.Where(SidecarFile.IsTrainers).Take(2)] : [];
        return configurations.Length == 1 ? configurations[0] : null;
    }

    // What UVR's own dialogue writes for a file that it does not know, and its list of files that it does.
    private static string? Recorded(string checkpointPath, string data)
    {
        if (!Directory.Exists(Path.Combine(data, Configurations)))
        {
            return null;
        }

        return UvrRecords.Find(checkpointPath)?.GetValueOrDefault("config_yaml") is string name
            && Path.GetFileName(name) == name
            && Path.Combine(data, Configurations, name) is { } path
            && File.Exists(path)
                ? path
                : null;
    }
}
