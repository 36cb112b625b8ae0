namespace Stemsharp.Audio;

/// <summary>Folders that are still to be made, or are left over.</summary>
internal static class Folders
{
    /// <summary>A folder, or the nearest one above it that exists: its disk is the one that will be written to.</summary>
    /// <param name="folder">A folder that may not be there yet.</param>
    public static string NearestExisting(string folder)
    {
        folder = Path.GetFullPath(folder);
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        return folder;
    }

    /// <summary>Deletes a folder unless there is something in it, or it cannot be.</summary>
    /// <param name="folder">The folder.</param>
    public static void DeleteIfEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
