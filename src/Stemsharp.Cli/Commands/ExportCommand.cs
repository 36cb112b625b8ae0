using System.CommandLine;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp export</c>: models for other runtimes.</summary>
internal static class ExportCommand
{
    internal static Command Create() => new("export", "Write models for other runtimes.")
    {
        ExportOnnxCommand.Create(),
        ExportCoreMLCommand.Create(),
    };
}
