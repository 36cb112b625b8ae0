using Microsoft.Extensions.Logging;

namespace Stemsharp.Cli.Hosting;

/// <summary>Shows what the library tells its logger, for <c>--verbose</c>. Warnings are left out: the command tells them anyway.</summary>
/// <param name="say">Shows a line.</param>
internal sealed class VerboseLogger(Action<string> say) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Debug or LogLevel.Information or LogLevel.Error or LogLevel.Critical;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            say(formatter(state, exception));
        }
    }
}
