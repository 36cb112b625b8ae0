using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Stemsharp.Web.Tests;

/// <summary>Keeps what a server logs: who said it, in which words, and with which values.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    public ConcurrentQueue<(LogLevel Level, string Category, string Text, IReadOnlyDictionary<string, object?> Values)> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Recorder(categoryName, this);

    public void Dispose()
    {
        // Nothing is held that has to be given back.
    }

    private sealed class Recorder(string category, LogRecorder owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.Lines.Enqueue((logLevel, category, formatter(state, exception), state is IReadOnlyList<KeyValuePair<string, object?>> values ? values.ToDictionary() : []));
    }
}
