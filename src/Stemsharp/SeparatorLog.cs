using Microsoft.Extensions.Logging;

namespace Stemsharp;

/// <summary>What a separator tells its logger.</summary>
internal static partial class SeparatorLog
{
    [LoggerMessage(1, LogLevel.Information, "Loaded network {Signature} on {Engine} in {Seconds:F2} s")]
    public static partial void Loaded(ILogger logger, string signature, string engine, double seconds);

    [LoggerMessage(2, LogLevel.Information, "Separating {Input} ({Seconds:F1} s) with {Model}: {Segments} segments")]
    public static partial void Started(ILogger logger, string input, double seconds, string model, long segments);

    [LoggerMessage(3, LogLevel.Information, "Separated {Input} in {Seconds:F1} s, {Speed:F1} times real time, {Silent} silent segments")]
    public static partial void Finished(ILogger logger, string input, double seconds, double speed, long silent);

    [LoggerMessage(4, LogLevel.Warning, "Stem {Stem} of {Input} peaks at {Peak:F3}, above full scale: it clips unless it is scaled on saving")]
    public static partial void Clipping(ILogger logger, string stem, string input, float peak);

    [LoggerMessage(5, LogLevel.Warning, "{Input} peaks at {Peak:F3}, above full scale")]
    public static partial void LoudInput(ILogger logger, string input, float peak);

    [LoggerMessage(6, LogLevel.Warning, "{Input}: {Warning}")]
    public static partial void InputWarning(ILogger logger, string input, string warning);

    [LoggerMessage(7, LogLevel.Information, "Network {Signature} takes {Megabytes:F0} MB")]
    public static partial void Memory(ILogger logger, string signature, double megabytes);

    [LoggerMessage(8, LogLevel.Warning, "{Notice}")]
    public static partial void Notice(ILogger logger, string notice);

    [LoggerMessage(9, LogLevel.Information, "Engine {Engine} was chosen: {Reason}")]
    public static partial void Chosen(ILogger logger, string engine, string reason);

    [LoggerMessage(10, LogLevel.Information, "Chain {Chain}: step {Step}")]
    public static partial void Step(ILogger logger, string chain, string step);

    [LoggerMessage(11, LogLevel.Information, "Chain {Chain}: step {Step} was finished earlier; its result is used again")]
    public static partial void StepKept(ILogger logger, string chain, string step);
}
