using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Stemsharp.Cli.Hosting;
using Stemsharp.Web.Settings;

namespace Stemsharp.Cli.Commands;

/// <summary>
/// Starts the web server, which is a program of its own beside this one: every other command would pay for ASP.NET's
/// presence in this process (docs/decisions/0016-web-server-is-a-program-of-its-own.md).
/// </summary>
internal static class ServeCommand
{
    /// <summary>What the .NET host returns when a framework is missing.</summary>
    private const int FrameworkMissing = 150;
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(30);

    private static string ServerBeside => Path.Combine(AppContext.BaseDirectory, "web", "Stemsharp.Web.dll");

    internal static Command Create()
    {
        Command command = new("serve", "Opens a local web page to take songs apart and play with the stems.");
        command.Aliases.Add("open");
        new ServeArguments().AddTo(command);
        command.SetAction((result, cancellationToken) => RunAsync(Forward(result), cancellationToken));
        return command;
    }

    /// <summary>The options that were given, as the server's own command line.</summary>
    internal static IReadOnlyList<string> Forward(ParseResult result)
    {
        List<string> arguments = [];
        foreach (Option option in result.CommandResult.Command.Options)
        {
            if (result.GetResult(option) is not OptionResult { Implicit: false } given)
            {
                continue;
            }

            if (given.Tokens.Count == 0)
            {
                arguments.Add(option.Name);
            }

            foreach (Token value in given.Tokens)
            {
                arguments.AddRange([option.Name, value.Value]);
            }
        }

        return arguments;
    }

    /// <summary>Why the page cannot be served, as far as that is known without starting it; null where it can.</summary>
    internal static string? WhyAbsent()
    {
        return CarriedServer.IsThere || File.Exists(ServerBeside) ? null : $"The web server is missing: {ServerBeside} does not exist. Install the tool again.";
    }

    private static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (WhyAbsent() is { } reason)
        {
            throw new ExternalToolException(reason);
        }

        using Process process = Start(Server(arguments));
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server ends with its standard input, which ends with this process too, however that ends.
            process.StandardInput.Close();
            using CancellationTokenSource limit = new(ShutdownLimit);
            try
            {
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }

            // Being stopped is how a server ends well.
            return 0;
        }

        return process.ExitCode == FrameworkMissing
            ? throw new ExternalToolException("'stemsharp serve' needs the ASP.NET Core 10 runtime, which is not installed: see https://dotnet.microsoft.com/download. All other commands work without it, and the downloads for one system, self-contained or native, have the page inside.")
            : process.ExitCode;
    }

    /// <summary>The server's process: this program once more where it carries the server, else the one beside it.</summary>
    private static ProcessStartInfo Server(IReadOnlyList<string> arguments) => CarriedServer.IsThere
        ? new(Environment.ProcessPath!, [CarriedServer.Word, .. arguments, "--lifeline"]) { RedirectStandardInput = true }
        : new(DotnetHost(), ["exec", ServerBeside, .. arguments, "--lifeline"]) { RedirectStandardInput = true };

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new ExternalToolException($"'stemsharp serve' needs the .NET 10 runtime, and '{start.FileName}' does not start: {error.Message}", error);
        }
    }

    /// <summary>The host that runs this process, where the framework comes from; the one on the search path otherwise.</summary>
    private static string DotnetHost()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(beside) ? beside : name;
    }
}
