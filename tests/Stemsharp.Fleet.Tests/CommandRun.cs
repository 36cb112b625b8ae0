using System.Diagnostics;
using Stemsharp.Cli;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Fleet.Tests;

/// <summary>The command, in this process or one of its own.</summary>
internal static class CommandRun
{
    internal static async Task<(int Code, string Output, string Error)> StartAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = await CommandLineHost.RunAsync(Program.CreateRoot(), arguments, TextWriter.Synchronized(output), TextWriter.Synchronized(error), CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>In a process of its own, with variables of its environment; an empty one is taken away.</summary>
    internal static async Task<(int Code, string Output, string Error)> StartAsync(string[] arguments, Dictionary<string, string> variables)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll"), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value.Length > 0 ? value : null;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }
}
