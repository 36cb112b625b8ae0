using System.CommandLine;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli;

/// <summary>The command tree: one line a command.</summary>
internal static class Program
{
    internal static RootCommand CreateRoot() =>
        new("Takes songs apart: vocals, drums, bass and more, with HTDemucs models in managed .NET.")
        {
            SeparateCommand.Create(),
        };

    private static Task<int> Main(string[] args) => CommandLineHost.RunAsync(CreateRoot(), args);
}
