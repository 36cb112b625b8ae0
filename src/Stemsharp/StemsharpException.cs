namespace Stemsharp;

/// <summary>
/// The base of every error that Stemsharp raises about its input, its models or its surroundings.
/// The message says what was found, what is valid and what to do.
/// </summary>
public class StemsharpException : Exception
{
    /// <summary>Makes an error with a message for the user.</summary>
    /// <param name="message">What was found, what is valid, what to do.</param>
    public StemsharpException(string message) : base(message) { }

    /// <summary>Makes an error with a message for the user and the error that caused it.</summary>
    /// <param name="message">What was found, what is valid, what to do.</param>
    /// <param name="innerException">The error underneath.</param>
    public StemsharpException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>An audio file or stream that cannot be read, decoded or written as asked.</summary>
public class AudioException : StemsharpException
{
    /// <inheritdoc cref="StemsharpException(string)"/>
    public AudioException(string message) : base(message) { }

    /// <inheritdoc cref="StemsharpException(string, Exception)"/>
    public AudioException(string message, Exception innerException) : base(message, innerException) =>
        Failure = innerException is AudioException { Failure: var failure } ? failure : AudioFailure.Unreadable;

    /// <summary>What is wrong, for programs that decide by it.</summary>
    public AudioFailure Failure { get; init; }
}

/// <summary>What is wrong with a recording or a file that was to be written.</summary>
public enum AudioFailure
{
    /// <summary>It cannot be read: no permission, an error of the disk, or it changes meanwhile.</summary>
    Unreadable,

    /// <summary>There is no such file.</summary>
    NotFound,

    /// <summary>It is no audio: another kind of file, an empty one, or one without an audio track.</summary>
    NotAudio,

    /// <summary>It is audio whose bytes contradict each other or end too early.</summary>
    Damaged,

    /// <summary>It has no samples, or none in the wanted part.</summary>
    NoSamples,

    /// <summary>It holds samples that are infinite or no numbers.</summary>
    NotNumbers,

    /// <summary>It is longer, or larger, than what is accepted.</summary>
    TooLong,

    /// <summary>Its form is not one that is read: a codec, a rate, a number of channels, a pipe where a file is needed.</summary>
    Unsupported,

    /// <summary>It cannot be written (<see cref="OutputException"/>).</summary>
    Unwritable,
}

/// <summary>A file, temporary file or stream that cannot be written: no space, no permission, a failed encoder.</summary>
public class OutputException : AudioException
{
    /// <summary>Makes an error with a message for the user.</summary>
    /// <param name="message">What was found, what is valid, what to do.</param>
    /// <param name="innerException">The error underneath, if any.</param>
    /// <param name="isDiskFull">Whether the disk is full; also seen from <paramref name="innerException"/>.</param>
    public OutputException(string message, Exception? innerException = null, bool isDiskFull = false) : base(message, innerException!)
    {
        Failure = AudioFailure.Unwritable;
        IsDiskFull = isDiskFull || (innerException is not null && MeansDiskFull(innerException));
    }

    /// <summary>Whether the disk, or a quota on it, is full, so that other songs would meet the same.</summary>
    public bool IsDiskFull { get; }

    /// <summary>Whether an error, or what caused it, means that the disk or a quota on it is full.</summary>
    /// <param name="error">Any error that came of writing.</param>
    public static bool MeansDiskFull(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is OutputException { IsDiskFull: true } || Audio.OutputFile.IsDiskFull(cause))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether an error that came of nothing but writing is the file system's. A file that grows beyond what the file system takes (4 GB on FAT32), or the user may write,
    /// is an <see cref="ArgumentOutOfRangeException"/> to .NET.
    /// </summary>
    internal static bool IsOfFiles(Exception error) => error is IOException or UnauthorizedAccessException || IsTooLarge(error);

    /// <summary>What such an error says.</summary>
    internal static string WordsOf(Exception error) => IsTooLarge(error) ? "the file system takes no larger file." : error.Message;

    private static bool IsTooLarge(Exception error) => error is ArgumentOutOfRangeException { ParamName: "value" };
}

/// <summary>A checkpoint, bag or catalog entry that is missing, broken, hostile or not supported.</summary>
public class ModelException : StemsharpException
{
    /// <inheritdoc cref="StemsharpException(string)"/>
    public ModelException(string message) : base(message) { }

    /// <inheritdoc cref="StemsharpException(string, Exception)"/>
    public ModelException(string message, Exception innerException) : base(message, innerException) =>
        Failure = innerException is ModelException { Failure: var failure } ? failure : ModelFailure.Unsupported;

    /// <summary>What is wrong, for programs that decide by it.</summary>
    public ModelFailure Failure { get; init; }
}

/// <summary>What is wrong with a model.</summary>
public enum ModelFailure
{
    /// <summary>Its architecture, configuration or format is not one that is supported, or does not fit together.</summary>
    Unsupported,

    /// <summary>No model is known by that name, or several are.</summary>
    Unknown,

    /// <summary>A file of it is not on this machine, and nothing fetches it.</summary>
    NotInstalled,

    /// <summary>A file of it is not on this machine, and the network may not be used.</summary>
    Offline,

    /// <summary>A file of it could not be fetched or kept.</summary>
    Download,

    /// <summary>A file of it is damaged, cut off, or another one than the one that was published.</summary>
    Corrupt,

    /// <summary>A file of it cannot be read: no permission, a folder, a pipe, an error of the disk.</summary>
    Unreadable,

    /// <summary>Its licence has to be accepted first.</summary>
    Licence,
}

/// <summary>An option or argument whose value is not valid, alone or together with the model or the input.</summary>
public class OptionException : StemsharpException
{
    /// <inheritdoc cref="StemsharpException(string)"/>
    public OptionException(string message) : base(message) { }

    /// <inheritdoc cref="StemsharpException(string, Exception)"/>
    public OptionException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Refuses a value that is not valid.</summary>
    internal static void Require(bool isValid, string message)
    {
        if (!isValid)
        {
            throw new OptionException(message);
        }
    }
}

/// <summary>A tool or library outside Stemsharp (FFmpeg, onnxruntime) that is missing, too old, or failed.</summary>
public class ExternalToolException : StemsharpException
{
    /// <inheritdoc cref="StemsharpException(string)"/>
    public ExternalToolException(string message) : base(message) { }

    /// <inheritdoc cref="StemsharpException(string, Exception)"/>
    public ExternalToolException(string message, Exception innerException) : base(message, innerException) { }
}
