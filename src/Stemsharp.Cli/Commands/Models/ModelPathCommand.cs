using System.CommandLine;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models path</c>: where files are.</summary>
internal static class ModelPathCommand
{
    internal static Command Create()
    {
        Argument<string?> model = new("MODEL") { Description = "A known name or signature; without it, the cache folder.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("path", "Print where a model's files are, and say where those that are missing would be; or print the cache folder.") { model };
        command.SetAction(line =>
        {
            ModelCatalog catalog = Catalogs.Create(offline: true);
            TextWriter output = line.InvocationConfiguration.Output;
            if (line.GetValue(model) is not { } name)
            {
                output.WriteLine(catalog.CacheFolder);
                return ExitCode.Success;
            }

            KnownModelFile[] files = [.. catalog.Locate(name).SelectMany(f => f.WithConfiguration)];
            foreach (KnownModelFile file in files.Where(f => f.Path is not null))
            {
                output.WriteLine(file.Path);
            }

            string[] missing = [.. files.Where(f => f.Path is null).Select(f => f.CachePath!)];
            return missing.Length == 0
                ? ExitCode.Success
                : throw new ModelException(
                    $"{name} is not here; what is missing would be {string.Join(", ", missing)}. 'stemsharp models download {name}' puts it there.")
                { Failure = ModelFailure.NotInstalled };
        });
        return command;
    }
}
