namespace Stemsharp.OnnxRuntime;

/// <summary>Folders that only the user may write to: the graphs and engines in them are run as they are found.</summary>
internal static class PrivateFolder
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder where it is not there, and takes other users' rights to one that is.</summary>
    /// <exception cref="OutputException">It belongs to somebody else.</exception>
    public static string Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // A user's own folders are closed to others there.
            Directory.CreateDirectory(path);
            return path;
        }

        Directory.CreateDirectory(path, Mine);
        try
        {
            if (File.GetUnixFileMode(path) != Mine)
            {
                File.SetUnixFileMode(path, Mine);
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new OutputException($"{path} belongs to another user, who could put other engines there. Remove it, or name another cache folder with STEMSHARP_CACHE.", e);
        }

        return path;
    }
}
