using System.Reflection;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Stemsharp.Tests;

/// <summary>
/// Runs tests in this process, for machines that a test host cannot be started on, such as an emulated processor:
/// <c>Stemsharp.Tests NAME…</c>, each a namespace or a class. Ends with 0 where at least one test ran and none failed.
/// </summary>
internal static class Program
{
    private static int Main(string[] names)
    {
        Assembly assembly = typeof(Program).Assembly;
        using Sink sink = new();
        using XunitTestFramework framework = new(sink);
        using ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
        Defaults defaults = new();
        foreach (string test in assembly.GetTypes().Where(type => type.IsPublic && names.Any(n => type.Namespace == n || type.FullName == n)).Select(type => type.FullName!))
        {
            sink.Ended.Reset();
            discoverer.Find(test, includeSourceInformation: false, sink, defaults);
            sink.Ended.WaitOne();
        }

        sink.Ended.Reset();
        using (ITestFrameworkExecutor executor = framework.GetExecutor(assembly.GetName()))
        {
            executor.RunTests(sink.Cases, sink, defaults);
            sink.Ended.WaitOne();
        }

        Console.WriteLine($"{sink.Passed} passed, {sink.Failed} failed, {sink.Skipped} skipped");
        return sink.Passed > 0 && sink.Failed == 0 ? 0 : 1;
    }

    private sealed class Defaults : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        public TValue GetValue<TValue>(string name) => default!;

        public void SetValue<TValue>(string name, TValue value)
        {
            // Nothing is set.
        }
    }

    private sealed class Sink : LongLivedMarshalByRefObject, IMessageSink, IDisposable
    {
        private readonly Lock _lock = new();

        public List<ITestCase> Cases { get; } = [];

        public ManualResetEvent Ended { get; } = new(false);

        public int Passed { get; private set; }

        public int Failed { get; private set; }

        public int Skipped { get; private set; }

        public bool OnMessage(IMessageSinkMessage message)
        {
            lock (_lock)
            {
                switch (message)
                {
                    case ITestCaseDiscoveryMessage found:
                        Cases.Add(found.TestCase);
                        break;
                    case ITestPassed:
                        Passed++;
                        break;
                    case ITestSkipped skipped:
                        Skipped++;
                        Console.WriteLine($"skipped: {skipped.Test.DisplayName}: {skipped.Reason}");
                        break;
                    case ITestFailed failed:
                        Failed++;
                        Console.WriteLine($"FAILED: {failed.Test.DisplayName}: {string.Join(Environment.NewLine, [.. failed.Messages, .. failed.StackTraces])}");
                        break;
                    case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                        Ended.Set();
                        break;
                }
            }

            return true;
        }

        public void Dispose() => Ended.Dispose();
    }
}
