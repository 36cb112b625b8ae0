using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// What onnxruntime and its providers say of their own accord, for the loggers of the engines that are open. What is said at one place
/// of its source again and again is passed on once.
/// </summary>
internal static partial class RuntimeMessages
{
    private const int Warning = 2, Error = 3, Fatal = 4;

    private static readonly ConcurrentDictionary<Subscription, ILogger> s_listeners = new();

    /// <summary>Has a logger told, until the result is disposed.</summary>
    public static IDisposable To(ILogger logger)
    {
        Subscription subscription = new();
        s_listeners[subscription] = logger;
        return subscription;
    }

    /// <summary>Passes a message on.</summary>
    /// <param name="severity">onnxruntime's: 0 verbose to 4 fatal.</param>
    /// <param name="place">Where in onnxruntime's source it was said.</param>
    /// <param name="message">The words.</param>
    public static void Take(int severity, string place, string message)
    {
        // Warnings are about nodes that go elsewhere or files that are not there, and come by the hundred; an error is told again by the
        // call that fails of it.
        LogLevel level = severity switch { < Warning => LogLevel.Trace, Warning => LogLevel.Debug, Error => LogLevel.Information, >= Fatal => LogLevel.Error };
        string words = message.Trim();
        foreach ((Subscription subscription, ILogger logger) in s_listeners)
        {
            if (subscription.IsFirst(place))
            {
                Said(logger, level, words);
            }
        }
    }

    [LoggerMessage(EventId = 20, Message = "onnxruntime: {Message}")]
    private static partial void Said(ILogger logger, LogLevel level, string message);

    private sealed class Subscription : IDisposable
    {
        private readonly ConcurrentDictionary<string, bool> _places = new();

        public bool IsFirst(string place) => _places.TryAdd(place, true);

        public void Dispose() => s_listeners.TryRemove(this, out _);
    }
}
