using Stemsharp.Cli;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Fleet.Tests;

/// <summary>The command, in this process.</summary>
internal static class CommandRun
{
    internal static async Task<(int Code, string Output, string Error)> StartAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = await CommandLineHost.RunAsync(Program.CreateRoot(), arguments, TextWriter.Synchronized(output), TextWriter.Synchronized(error), CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}
