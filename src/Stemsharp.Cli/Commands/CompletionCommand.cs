using System.CommandLine;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp completion</c>: the script by which a shell completes this command's words.</summary>
internal static class CompletionCommand
{
    /// <param name="root">Makes the command tree whose words are completed.</param>
    internal static Command Create(Func<Command> root)
    {
        Argument<string?> shell = new("SHELL") { Description = $"{string.Join(", ", CompletionScripts.Shells)}.", Arity = ArgumentArity.ZeroOrOne };
        shell.AcceptOnlyFromAmong([.. CompletionScripts.Shells]);
        Option<string?> complete = new("--complete") { Description = "The line up to the cursor.", Hidden = true };
        Command command = new("completion", "Print the script by which a shell completes commands, options, models, stems and formats.") { shell, complete };
        command.SetAction(line =>
        {
            TextWriter output = line.InvocationConfiguration.Output;
            if (line.GetValue(complete) is { } text)
            {
                foreach (string word in Completions.Of(root(), text))
                {
                    output.Write($"{word}\n");
                }

                return ExitCode.Success;
            }

            output.Write(line.GetValue(shell) is { } name
                ? CompletionScripts.Of(name)
                : throw new OptionException($"No shell is named; write one of {string.Join(", ", CompletionScripts.Shells)}."));
            return ExitCode.Success;
        });
        return command;
    }
}
