using System.Diagnostics;

namespace Stemsharp.Cli.Hosting;

/// <summary>Starts this same command again as a child, for measurements that need a fresh process.</summary>
internal static class SelfProcess
{
    /// <summary>Runs to the end and returns what it wrote to standard output.</summary>
    /// <exception cref="StemsharpException">It failed.</exception>
    internal static async Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new()
        {
            FileName = Environment.ProcessPath ?? throw new StemsharpException("The path of this program is not known."),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // "dotnet Stemsharp.Cli.dll" runs the host with the assembly as its first argument.
        string assembly = Environment.GetCommandLineArgs()[0];
        if (Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            && assembly.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.Add(Path.GetFullPath(assembly));
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return process.ExitCode == 0
                ? await output.ConfigureAwait(false)
                : throw new StemsharpException($"The measuring process ended with {process.ExitCode}: {(await error.ConfigureAwait(false)).Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
