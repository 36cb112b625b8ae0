using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Tests;

/// <summary>Runs the command in this process and keeps what it said.</summary>
internal sealed record CommandLineRun(int ExitCode, string Output, string Error)
{
    internal static async Task<CommandLineRun> OfAsync(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await CommandLineHost.RunAsync(
            Program.CreateRoot(), arguments, TextWriter.Synchronized(output), TextWriter.Synchronized(error), CancellationToken.None);
        return new CommandLineRun(code, output.ToString(), error.ToString());
    }
}
