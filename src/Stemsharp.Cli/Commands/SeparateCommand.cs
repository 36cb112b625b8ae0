using System.CommandLine;

namespace Stemsharp.Cli.Commands;

internal static class SeparateCommand
{
    internal static Command Create() => new("separate", "Takes songs apart.");
}
