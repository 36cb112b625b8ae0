using Microsoft.Extensions.Logging;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>What onnxruntime says of its own accord.</summary>
public sealed class RuntimeMessagesTests
{
    private static readonly (LogLevel, string)[] s_told =
    [
        (LogLevel.Debug, "onnxruntime: first"), (LogLevel.Information, "onnxruntime: an error"), (LogLevel.Error, "onnxruntime: the end"),
    ];

    [Fact]
    public void Messages_are_told_once_for_a_place_at_the_level_that_they_deserve_until_nobody_listens()
    {
        Told first = new(), second = new();
        IDisposable listening = RuntimeMessages.To(first);
        RuntimeMessages.Take(2, "conv.cc:1 test", "first ");
        using (RuntimeMessages.To(second))
        {
            RuntimeMessages.Take(2, "conv.cc:1 test", "again, of another node");
            RuntimeMessages.Take(3, "conv.cc:2 test", "an error");
            RuntimeMessages.Take(4, "conv.cc:3 test", "the end");
        }

        listening.Dispose();
        RuntimeMessages.Take(4, "conv.cc:4 test", "to nobody");
        Assert.Equal(s_told, first.Expected);
        Assert.Equal([(LogLevel.Debug, "onnxruntime: again, of another node"), .. s_told[1..]], second.Expected);
    }

    /// <summary>The library itself: what it warns of where it writes an optimised graph reaches the logger.</summary>
    [OnnxRuntimeFact]
    public void The_library_tells_the_logger()
    {
        using Exported exported = new(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions());
        string optimized = exported.Path + ".optimised";
        Told told = new();
        try
        {
            using (RuntimeMessages.To(told))
            {
                new OnnxSession(OnnxRuntimeLibrary.Load(), exported.Path, new OnnxSessionOptions { OptimizedPath = optimized }).Dispose();
            }
        }
        finally
        {
            File.Delete(optimized);
        }

        Assert.Contains(told.All, message => message.Level == LogLevel.Debug && message.Text.StartsWith("onnxruntime: Serializing optimized model", StringComparison.Ordinal));
    }

    private sealed class Told : ILogger
    {
        public List<(LogLevel Level, string Text)> All { get; } = [];

        // Other tests' libraries may say something at the same time.
        public IEnumerable<(LogLevel, string)> Expected => All.Where(m => s_told.Append((LogLevel.Debug, "onnxruntime: again, of another node")).Any(t => t.Item2 == m.Text));

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (All)
            {
                All.Add((logLevel, formatter(state, exception)));
            }
        }
    }
}
