using System.CommandLine;

namespace Stemsharp.Cli.Hosting;

/// <summary>The options of a command as people may write them.</summary>
internal static class CommandOptions
{
    /// <summary>A command's own options, and those of the commands above it that hold for it.</summary>
    internal static IEnumerable<Option> Of(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)));

    /// <summary>The names of those that help shows, aliases included.</summary>
    internal static IEnumerable<string> NamesOf(Command command) => Of(command).Where(option => !option.Hidden).SelectMany(NamesOf);

    /// <summary>An option's name, and its aliases.</summary>
    internal static IEnumerable<string> NamesOf(Option option) => option.Aliases.Prepend(option.Name);
}
