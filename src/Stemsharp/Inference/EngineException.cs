namespace Stemsharp.Inference;

/// <summary>How an engine failed.</summary>
public enum EngineFailure
{
    /// <summary>It cannot run this network or these settings at all.</summary>
    Refused,

    /// <summary>The host's or the device's memory does not suffice.</summary>
    OutOfMemory,

    /// <summary>The device stopped, was reset or taken away, or its driver failed.</summary>
    DeviceLost,

    /// <summary>It gave results that cannot be right, such as samples that are no numbers.</summary>
    Wrong,
}

/// <summary>
/// An engine that could not be opened, or did not run a piece. <see cref="Failure"/> decides what those around it do: a lost device
/// and a wrong result are worth one more try, the others are not; after that another engine may go on.
/// </summary>
public class EngineException : ExternalToolException
{
    /// <summary>Makes an error with a message for the user.</summary>
    /// <param name="failure">How it failed.</param>
    /// <param name="message">What was found, what is valid, what to do.</param>
    public EngineException(EngineFailure failure, string message) : base(message) => Failure = failure;

    /// <summary>Makes an error with a message for the user and the error that caused it.</summary>
    /// <param name="failure">How it failed.</param>
    /// <param name="message">What was found, what is valid, what to do.</param>
    /// <param name="innerException">The error underneath.</param>
    public EngineException(EngineFailure failure, string message, Exception innerException) : base(message, innerException) => Failure = failure;

    /// <summary>How it failed.</summary>
    public EngineFailure Failure { get; }
}
