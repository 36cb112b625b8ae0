namespace Stemsharp.Checkpoints;

/// <summary>
/// What is wrong inside a file, in words that follow the file's name. <see cref="Checkpoint.Open(string, string?, string?)"/>
/// and the tensors turn it into the one <see cref="ModelException"/> that callers see.
/// </summary>
internal sealed class CheckpointFormatException : Exception
{
    public CheckpointFormatException(string message) : base(message) { }

    public CheckpointFormatException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Names of tensors that a file has whose format is not read; empty where none are known.</summary>
    public IReadOnlyList<string> TensorNames { get; init; } = [];

    /// <summary>The error of a file whose bytes contradict each other.</summary>
    public static CheckpointFormatException Damaged(string what) =>
        new($"{what}. The file is damaged or cut off; get it again.");

    /// <summary>
    /// Runs a reader, and puts the file's name before whatever it finds wrong. Reading a file of unknown origin
    /// may also end in an error of the runtime's own (a bad deflate stream, an arithmetic overflow, the disk).
    /// </summary>
    public static T Guard<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CheckpointFormatException e)
        {
            throw new ModelException($"{name}: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException or EndOfStreamException)
        {
            throw new ModelException($"{name}: the file is damaged or cut off; get it again.", e) { Failure = ModelFailure.Corrupt };
        }
        catch (NotSupportedException e)
        {
            throw new ModelException($"{name} is a pipe or a device; a model must be a file whose bytes can be read in any order.", e) { Failure = ModelFailure.Unreadable };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{name} cannot be read: {e.Message}", e) { Failure = ModelFailure.Unreadable };
        }
    }
}
