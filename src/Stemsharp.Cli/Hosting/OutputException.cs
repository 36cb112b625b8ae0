namespace Stemsharp.Cli.Hosting;

/// <summary>Output that cannot be written.</summary>
internal sealed class OutputException : StemsharpException
{
    internal OutputException(string message, bool isDiskFull = false)
        : base(message) => IsDiskFull = isDiskFull;

    internal OutputException(string message, Exception innerException)
        : base(message, innerException) => IsDiskFull = FullDisk.Is(innerException);

    /// <summary>Whether the disk is full, so that every other track would fail too.</summary>
    internal bool IsDiskFull { get; }

    /// <summary>Runs file operations on output; what goes wrong with them is an output error.</summary>
    internal static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or AudioException)
        {
            throw new OutputException(exception.Message, exception);
        }
    }
}

/// <summary>Tells a full disk, or a quota on it, from other errors.</summary>
internal static class FullDisk
{
    internal static bool Is(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is IOException && Stemsharp.Audio.OutputFile.IsDiskFull(exception))
                return true;
        }

        return false;
    }
}
