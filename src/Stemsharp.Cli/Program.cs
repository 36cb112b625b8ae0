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
        new("stemsharp", "Takes songs apart: vocals, drums, bass and more, in managed .NET.")
        {
            new HelpOption { Recursive = true, Action = new HelpWithExamples() },
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
