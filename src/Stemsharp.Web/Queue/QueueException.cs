using Stemsharp.Web.Text;

namespace Stemsharp.Web.Queue;

/// <summary>Why the queue does not do what it was asked.</summary>
internal enum QueueErrorKind
{
    /// <summary>The job is not here, or not any more.</summary>
    NotFound,

    /// <summary>The job is in a state in which that is not possible.</summary>
    Conflict,

    /// <summary>There are as many jobs as are kept.</summary>
    TooMany,

    /// <summary>The server of a fleet's queue does not answer.</summary>
    Away,
}

/// <summary>Something that the queue refuses.</summary>
internal sealed class QueueException(QueueErrorKind kind, string message) : Exception(message)
{
    public QueueErrorKind Kind => kind;

    public static QueueException NotFound(string id) =>
        new(QueueErrorKind.NotFound, $"There is no job '{ClientText.Quoted(id)}' here. It may have been deleted.");
}
