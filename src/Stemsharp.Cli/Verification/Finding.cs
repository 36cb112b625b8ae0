namespace Stemsharp.Cli.Verification;

/// <summary>How something is.</summary>
internal enum FindingState
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Not there, or less than it could be; separating and serving work without it.</summary>
    Absent,

    /// <summary>Keeps separating or serving from working.</summary>
    Fault,
}

/// <summary>What <c>doctor</c> found out about one thing.</summary>
/// <param name="State">How it is.</param>
/// <param name="Subject">What was looked at.</param>
/// <param name="Text">The finding, and what to do.</param>
internal sealed record Finding(FindingState State, string Subject, string Text)
{
    internal static Finding Good(string subject, string text) => new(FindingState.Good, subject, text);

    internal static Finding Absent(string subject, string text) => new(FindingState.Absent, subject, text);

    internal static Finding Fault(string subject, string text) => new(FindingState.Fault, subject, text);
}
