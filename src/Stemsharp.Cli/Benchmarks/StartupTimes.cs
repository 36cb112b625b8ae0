using System.Globalization;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>What starting takes, in seconds, in a fresh process.</summary>
/// <param name="Total">From the start of the process to the first segment running.</param>
/// <param name="Opening">Of that: the checkpoint found, checked and bound to the graph.</param>
/// <param name="Planning">Of that: the plan made, with its weights packed and its memory.</param>
/// <param name="FirstSegment">The first segment, which compiles kernels at their first use.</param>
internal sealed record StartupTimes(double Total, double Opening, double Planning, double FirstSegment)
{
    /// <summary>Of the total: runtime, command line, and everything else.</summary>
    internal double Runtime => Total - Opening - Planning;

    /// <summary>As a measuring process writes it.</summary>
    internal string ToLine() => string.Join(' ', new[] { Total, Opening, Planning, FirstSegment }.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>Reads <see cref="ToLine"/>.</summary>
    internal static StartupTimes Parse(string line)
    {
        double[] parts = [.. line.Trim().Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        return new StartupTimes(parts[0], parts[1], parts[2], parts[3]);
    }
}
