using System.CommandLine;
using System.CommandLine.Help;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli;

/// <summary>The command tree: one line a command.</summary>
internal static class Program
{
    // Not a RootCommand: that one is called like the executable, which under "dotnet run" is not "stemsharp".
    internal static Command CreateRoot() =>
        new("stemsharp", "Takes songs apart: vocals, drums, bass and more, in managed .NET. 'stemsharp song.mp3' means 'stemsharp separate song.mp3'.")
        {
            new HelpOption { Recursive = true, Action = new Help(all: false) },
            new Option<bool>(Help.All) { Description = "Show help with every option, in groups.", Recursive = true, Action = new Help(all: true) },
            new VersionOption(),
            SeparateCommand.Create(),
            ModelsCommand.Create(),
            PlanCommand.Create(),
            VerifyCommand.Create(),
            BenchCommand.Create(),
            EvaluateCommand.Create(),
            CompareCommand.Create(),
            DoctorCommand.Create(),
            ServeCommand.Create(),
            ExportCommand.Create(),
            InspectPackageCommand.Create(),
        };

    private static Task<int> Main(string[] args) => CommandLineHost.RunAsync(CreateRoot(), args);
}
