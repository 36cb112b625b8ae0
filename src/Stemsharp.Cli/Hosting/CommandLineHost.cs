using System.CommandLine;
using System.Runtime.InteropServices;

namespace Stemsharp.Cli.Hosting;

/// <summary>Runs the command tree: signals, errors and exit codes.</summary>
internal static class CommandLineHost
{
    // The command that songs go to when none is named.
    private const string Separate = "separate";

    /// <summary>Runs with the process's own console and signals.</summary>
    internal static async Task<int> RunAsync(Command root, IReadOnlyList<string> arguments)
    {
        using CancellationTokenSource cancellation = new();

        // The first signal asks the work to stop; a second one ends the process at once.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = !cancellation.IsCancellationRequested;
            if (!context.Cancel)
            {
                StatusLine.Abandon();
            }

            cancellation.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        return await RunAsync(root, arguments, Console.Out, Console.Error, cancellation.Token).ConfigureAwait(false);
    }

    /// <summary>Runs with the given writers, for tests too.</summary>
    internal static async Task<int> RunAsync(
        Command root,
        IReadOnlyList<string> arguments,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        if (arguments.Count == 0)
        {
            arguments = ["--help"];
        }

        arguments = WithCommand(root, arguments);

        // "@name" stays a file name: response files would make such tracks unreachable.
        ParseResult result = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        IReadOnlyList<string> faults = UsageFaults.Of(result);
        if (faults.Count > 0 && result.Action is not Help)
        {
            if (WantsJson(result))
            {
                output.WriteLine(ErrorJson.Of(ExitCode.Usage, string.Join(" ", faults)));
            }

            return ReportUsage(result, faults, error);
        }

        InvocationConfiguration invocation = new()
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
            (int code, string message) = Describe(exception, cancellationToken);
            StatusLine.Clear();
            error.WriteLine($"stemsharp: {message}");
            if (WantsJson(result))
            {
                output.WriteLine(ErrorJson.Of(code, message));
            }

            return code;
        }
    }

    /// <summary>A song by itself, or an option that is not the root's own, means what most come for.</summary>
    internal static IReadOnlyList<string> WithCommand(Command root, IReadOnlyList<string> arguments) =>
        arguments is [var first, ..] && !IsOf(root, first) && IsOfSeparate(first) ? [Separate, .. arguments] : arguments;

    private static bool IsOf(Command root, string word) =>
        root.Subcommands.Any(c => c.Name == word || c.Aliases.Contains(word)) || root.Options.Any(o => o.Name == word || o.Aliases.Contains(word));

    private static bool IsOfSeparate(string argument) =>
        argument.Length > 0 && (argument[0] == '-' || Path.HasExtension(argument) || Path.Exists(argument));

    /// <summary>Whether one JSON object is wanted on standard output, which errors are too.</summary>
    private static bool WantsJson(ParseResult result) =>
        result.CommandResult.Command.Options.FirstOrDefault(o => o.Name == "--json") is Option<bool> json && result.GetValue(json);

    private static int ReportUsage(ParseResult result, IEnumerable<string> faults, TextWriter error)
    {
        foreach (string message in faults)
        {
            error.WriteLine($"stemsharp: {message}");
        }

        error.WriteLine($"'{CommandPath(result.CommandResult.Command)} --help' shows what is valid.");
        return ExitCode.Usage;
    }

    /// <summary>A command's name with its parents'.</summary>
    internal static string CommandPath(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{CommandPath(parent)} {command.Name}" : command.Name;

    /// <summary>The exit code and the message for an error that ends a command.</summary>
    internal static (int Code, string Message) Describe(Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            return (ExitCode.Cancelled, "cancelled");
        }

        int code = exception is OperationCanceledException ? ExitCode.Internal : ExitCode.For(exception);
        return (code, code == ExitCode.Internal ? $"internal error: {exception}" : exception.Message);
    }
}
