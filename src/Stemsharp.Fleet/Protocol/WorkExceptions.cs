namespace Stemsharp.Fleet.Protocol;

/// <summary>A job has failed, and why.</summary>
/// <param name="kind">A word for it, as the command's exit codes have them.</param>
/// <param name="message">What is wrong.</param>
internal sealed class JobFailedException(string kind, string message) : StemsharpException(message)
{
    /// <summary>A word for it.</summary>
    internal string Kind { get; } = kind;
}

/// <summary>This worker cannot do a job, another one may: nothing is held against the job.</summary>
/// <param name="message">Why not.</param>
/// <param name="forModel">Whether it is so for every job of that model: the worker takes no more of them. Otherwise it waits a while.</param>
internal sealed class NotHereException(string message, bool forModel) : StemsharpException(message)
{
    /// <summary>Whether it is so for every job of that model.</summary>
    internal bool ForModel { get; } = forModel;
}
