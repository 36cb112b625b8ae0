namespace Stemsharp;

/// <summary>How fast work goes on, and how long it still takes at that pace.</summary>
internal static class Pace
{
    /// <summary>Time still to go; null in the first hundredth, where it cannot be told.</summary>
    /// <param name="fraction">The share that is done, 0 … 1.</param>
    /// <param name="elapsed">Time since it began.</param>
    public static TimeSpan? Remaining(double fraction, TimeSpan elapsed) => fraction is > 0.01 and <= 1 ? elapsed * ((1 - fraction) / fraction) : null;

    /// <summary>What is done in a second; 0 while it cannot be told.</summary>
    /// <param name="done">What is done.</param>
    /// <param name="elapsed">Time since it began.</param>
    public static double Speed(double done, TimeSpan elapsed) => elapsed.TotalSeconds > 0.05 ? done / elapsed.TotalSeconds : 0;
}
