namespace Stemsharp.Fleet.Storage;

/// <summary>Why a file could not be fetched, or put where it belongs.</summary>
internal enum StorageFailure
{
    /// <summary>There is no such file, or no such place.</summary>
    NotFound,

    /// <summary>The server does not let this one in, or not any more.</summary>
    Refused,

    /// <summary>What is there is not what it should be: another length, a page instead of a recording, changed while it was read.</summary>
    Wrong,

    /// <summary>The server was not reached, or did not do what it usually does.</summary>
    Unreachable,

    /// <summary>The server of this address alone did not answer, however often it was asked: it may be one that is not there at all.</summary>
    Silent,

    /// <summary>This machine has no credentials for it.</summary>
    NoCredentials,
}

/// <summary>A file could not be fetched, or put where it belongs.</summary>
/// <param name="failure">Why.</param>
/// <param name="message">What was found, what is valid, what to do. Secrets of addresses do not come out.</param>
/// <param name="innerException">What the client said.</param>
internal sealed class StorageException(StorageFailure failure, string message, Exception? innerException = null) : StemsharpException(FileAddress.Redacted(message), innerException!)
{
    /// <summary>Why.</summary>
    internal StorageFailure Failure { get; } = failure;
}
