namespace Stemsharp.Audio;

/// <summary>Copies a stream into a temporary file, because separating reads its input twice and some formats need seeking.</summary>
internal static class Spool
{
    private const int BlockBytes = 1 << 17;

    /// <summary>Copies all of a stream.</summary>
    /// <param name="stream">Read to its end; left open.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="options">Folder and limit.</param>
    /// <param name="cancellationToken">Stops the copying.</param>
    /// <exception cref="AudioException">It is empty or too long, or there is no space for it.</exception>
    public static TemporaryFile Copy(Stream stream, string name, AudioInputOptions options, CancellationToken cancellationToken)
    {
        byte[] block = new byte[BlockBytes];
        // Who waits for a pipe's next bytes can be told to stop; a plain read could not.
        int got = Wait(stream.ReadAtLeastAsync(block, FileKind.HeadBytes, throwOnEndOfStream: false, cancellationToken), cancellationToken);
        if (got == 0)
        {
            throw new AudioException($"'{name}' is empty (0 bytes). Pipe an audio file into it.") { Failure = AudioFailure.NotAudio };
        }

        TemporaryFile file = new(options.TemporaryFolder, forOtherPrograms: !WavHeader.Looks(block.AsSpan(0, got)));
        try
        {
            long total = 0;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                total += got;
                if (total > options.MaximumSpoolBytes)
                {
                    throw new AudioException($"'{name}' is longer than {options.MaximumSpoolBytes >> 20} MiB, the most that is spooled. Give it as a file.") { Failure = AudioFailure.TooLong };
                }

                file.Stream.Write(block, 0, got);
            }
            while ((got = Wait(stream.ReadAsync(block, cancellationToken), cancellationToken)) > 0);
            return file;
        }
        catch (Exception error)
        {
            file.Dispose();
            if (!OutputException.IsOfFiles(error))
            {
                throw;
            }

            throw new OutputException(
                OutputFile.IsDiskFull(error)
                    ? $"'{name}' can't be spooled: no space left for temporary files. Free some space, or choose another folder for them."
                    : $"'{name}' can't be spooled: {OutputException.WordsOf(error)}",
                error);
        }
    }

    private static int Wait(ValueTask<int> read, CancellationToken cancellationToken) =>
        read.IsCompletedSuccessfully ? read.Result : read.AsTask().WaitAsync(cancellationToken).GetAwaiter().GetResult();
}
