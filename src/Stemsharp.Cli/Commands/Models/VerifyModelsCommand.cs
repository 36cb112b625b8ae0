using System.CommandLine;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models verify</c>: compares checksums of what is here.</summary>
internal static class VerifyModelsCommand
{
    internal static Command Create()
    {
        Argument<string[]> models = ModelsCommand.SeveralModels(required: false);
        Command command = new("verify", "Compare the checksums of the model files that are here, and open each. 'stemsharp verify MODEL' runs the engine with one, too.") { models };
        command.SetAction(line =>
        {
            ModelCatalog catalog = Catalogs.Create(offline: true);
            bool all = line.GetValue(models) is not { Length: > 0 };
            IReadOnlyList<KnownModel> known = catalog.List();
            bool good = true;
            foreach (string name in all ? known.Select(m => m.Name) : line.GetValue(models)!)
            {
                if (File.Exists(name))
                {
                    throw new OptionException($"{name} is a file; 'models verify' knows models by name. 'stemsharp verify {name}' runs the engine with it.");
                }

                IReadOnlyList<ModelFileVerdict> verdicts = [.. catalog.Verify(name)];
                if (!all && verdicts.Count == 0)
                {
                    throw new OptionException($"{name} has no files whose checksums are known; 'stemsharp verify {name}' runs the engine with it.");
                }

                foreach (ModelFileVerdict verdict in verdicts)
                {
                    // What is not here is a fault only of a model that was asked for: of a bag, few stems need few files.
                    if (all && known.First(m => m.Name == name).Files.Any(f => f.Name == verdict.File && f.Place == ModelFilePlace.Missing))
                    {
                        continue;
                    }

                    line.InvocationConfiguration.Output.WriteLine($"{name}  {verdict.File}  {verdict.Problem ?? "as it should be"}");
                    good &= verdict.Problem is null;
                }
            }

            return good ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }
}
