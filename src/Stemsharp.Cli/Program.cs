using System.CommandLine;
using System.CommandLine.Help;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Commands.Fleet;
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
            WorkCommand.Create(),
            SubmitCommand.Create(),
            JobsCommand.Create(),
            ExportCommand.Create(),
            InspectPackageCommand.Create(),
            CompletionCommand.Create(CreateRoot),
        };

    private static Task<int> Main(string[] args) => CarriedServer.IsThere && args is [CarriedServer.Word, .. string[] server]
        ? CarriedServer.RunAsync(server)
        : CommandLineHost.RunAsync(CreateRoot(), DesktopStart.Arguments(args));
}
