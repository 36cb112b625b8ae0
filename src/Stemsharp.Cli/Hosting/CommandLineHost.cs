using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;

namespace Stemsharp.Cli.Hosting;

/// <summary>Runs the command tree: signals, errors and exit codes.</summary>
internal static class CommandLineHost
{
    /// <summary>Runs with the process's own console and signals.</summary>
    internal static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments)
    {
        using var cancellation = new CancellationTokenSource();

        // The first signal asks the work to stop; a second one ends the process at once.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        return await RunAsync(root, arguments, Console.Out, Console.Error, cancellation.Token).ConfigureAwait(false);
    }

    /// <summary>Runs with the given writers, for tests too.</summary>
    internal static async Task<int> RunAsync(
        RootCommand root,
        IReadOnlyList<string> arguments,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        // "@name" stays a file name: response files would make such tracks unreachable.
        ParseResult result = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Action is ParseErrorAction || (result.Action is null && result.Errors.Count > 0))
            return ReportUsage(result, error);

        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await result.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return Report(exception, error, cancellationToken);
        }
    }

    private static int ReportUsage(ParseResult result, TextWriter error)
    {
        foreach (string message in result.Errors.Select(e => e.Message).Distinct())
            error.WriteLine($"stemsharp: {message}");
        string command = result.CommandResult.Command is RootCommand ? "" : $" {result.CommandResult.Command.Name}";
        error.WriteLine($"'stemsharp{command} --help' shows what is valid.");
        return ExitCode.Usage;
    }

    private static int Report(Exception exception, TextWriter error, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            error.WriteLine("stemsharp: cancelled");
            return ExitCode.Cancelled;
        }

        int code = exception is OperationCanceledException ? ExitCode.Internal : ExitCode.For(exception);
        error.WriteLine(code == ExitCode.Internal
            ? $"stemsharp: internal error: {exception}"
            : $"stemsharp: {exception.Message}");
        return code;
    }
}
