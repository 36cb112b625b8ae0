using Stemsharp.Web.Text;

namespace Stemsharp.Web.Store;

/// <summary>Why the store does not do what it was asked.</summary>
internal enum StoreErrorKind
{
    /// <summary>It is not here, or not any more.</summary>
    NotFound,

    /// <summary>What was asked makes no sense.</summary>
    Invalid,

    /// <summary>A file that this server may not read.</summary>
    Forbidden,

    /// <summary>Others are at it.</summary>
    Conflict,

    /// <summary>A piece that does not go on where the last one ended.</summary>
    OffsetMismatch,

    /// <summary>More bytes than are taken.</summary>
    TooLarge,

    /// <summary>More music than is taken.</summary>
    TooLong,

    /// <summary>More uploads than are taken.</summary>
    TooMany,

    /// <summary>It is no music.</summary>
    NotMusic,

    /// <summary>There is no room for it.</summary>
    DiskFull,

    /// <summary>Another program holds the database.</summary>
    Busy,

    /// <summary>The database is damaged.</summary>
    Damaged,
}

/// <summary>Something that the store refuses.</summary>
internal sealed class StoreException(StoreErrorKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public StoreErrorKind Kind => kind;

    public static StoreException NotFound(string what, string? id) =>
        new(StoreErrorKind.NotFound, $"There is no {what} '{ClientText.Quoted(id)}' here. It may have been deleted.");
}
