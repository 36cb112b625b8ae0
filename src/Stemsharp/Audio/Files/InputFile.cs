namespace Stemsharp.Audio;

/// <summary>Opens files for reading, with an error of our own for each way that can fail.</summary>
internal static class InputFile
{
    /// <summary>Opens a file that exists and has content, or a pipe that has a name.</summary>
    /// <exception cref="AudioException">It is missing, a folder, empty, or may not be read.</exception>
    public static FileStream Open(string path)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw new AudioException("The path of the audio file is empty. Give a file.");
        }

        if (Directory.Exists(path))
        {
            throw new AudioException($"'{path}' is a folder. Give an audio file.");
        }

        try
        {
            // Others may go on writing or delete the file meanwhile; readers notice when it becomes shorter.
            FileStream stream = new(path, new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = FileOptions.SequentialScan,
            });
            if (!stream.CanSeek || stream.Length > 0)
            {
                return stream;
            }

            stream.Dispose();
            throw new AudioException($"'{path}' is empty (0 bytes). Give an audio file.");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AudioException($"'{path}' does not exist. Check the path.", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new AudioException($"'{path}' may not be read by this user. Check the file's permissions.", error);
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            throw new AudioException($"'{path}' can't be opened: {error.Message}", error);
        }
    }
}
