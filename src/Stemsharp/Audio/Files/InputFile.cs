namespace Stemsharp.Audio;

/// <summary>Opens files for reading, with an error of our own for each way that can fail.</summary>
internal static class InputFile
{
    /// <summary>Opens a file that exists and has content, or a pipe that has a name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the wait for a pipe's other end.</param>
    /// <exception cref="AudioException">It is missing, a folder, a device, a socket, empty, or may not be read.</exception>
    public static FileStream Open(string path, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw new AudioException("The path of the audio file is empty. Give a file.") { Failure = AudioFailure.NotFound };
        }

        if (Directory.Exists(path))
        {
            throw new AudioException($"'{path}' is a folder. Give an audio file.") { Failure = AudioFailure.NotFound };
        }

        FileType type = SpecialFile.TypeOf(path);
        if (type is FileType.Device or FileType.Socket)
        {
            throw new AudioException($"'{path}' is a {(type == FileType.Device ? "device" : "socket")}, not a file. Give an audio file, or a pipe.") { Failure = AudioFailure.NotAudio };
        }

        try
        {
            // A pipe that nobody writes to holds up whoever opens it; the thread that waits there ends with the process.
            FileStream stream = type == FileType.Pipe ? Task.Run(Opened, CancellationToken.None).WaitAsync(cancellationToken).GetAwaiter().GetResult() : Opened();
            if (!stream.CanSeek || stream.Length > 0)
            {
                return stream;
            }

            stream.Dispose();
            throw new AudioException($"'{path}' is empty (0 bytes). Give an audio file.") { Failure = AudioFailure.NotAudio };
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AudioException($"'{path}' does not exist. Check the path.", error) { Failure = AudioFailure.NotFound };
        }
        catch (UnauthorizedAccessException error)
        {
            throw new AudioException($"'{path}' may not be read by this user. Check the file's permissions.", error);
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            throw new AudioException($"'{path}' can't be opened: {error.Message}", error);
        }

        // Others may go on writing or delete the file meanwhile; readers notice when it becomes shorter.
        FileStream Opened() => new(path, new FileStreamOptions
        {
            Mode = FileMode.Open,
            Access = FileAccess.Read,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.SequentialScan,
        });
    }
}
