using System.CommandLine;
using Stemsharp.Chains;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models chains</c>: the chains that are known by name, and the models that they need.</summary>
internal static class ChainsCommand
{
    internal static Command Create()
    {
        Argument<string?> chain = new("CHAIN") { Description = "A preset or a file whose definition is printed; without it, presets are listed.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("chains", "List the chains of models for --chain and what they need, or print one as JSON.") { chain, json };
        command.SetAction(line =>
        {
            TextWriter output = line.InvocationConfiguration.Output;
            if (line.GetValue(chain) is { } name)
            {
                output.WriteLine(SeparationChain.Find(name).Json);
                return ExitCode.Success;
            }

            ModelCatalog catalog = Catalogs.Create(offline: true);
            if (line.GetValue(json))
            {
                output.WriteLine(Json(catalog));
            }
            else
            {
                Write(catalog, output);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(ModelCatalog catalog, TextWriter output)
    {
        int name = SeparationChain.Presets.Max(preset => preset.Name.Length);
        string indent = new(' ', name + 2);
        foreach (SeparationChain preset in SeparationChain.Presets)
        {
            output.WriteLine($"{preset.Name.PadRight(name)}  {string.Join(", ", preset.Outputs.Select(o => o.Name))}");
            output.WriteLine($"{indent}{preset.Description}");
            foreach (string model in preset.Models)
            {
                output.WriteLine($"{indent}needs {model} ({PlaceOf(catalog, model)})");
            }
        }

        output.WriteLine("A .json file is a chain too; 'stemsharp models chains NAME' prints one as a beginning.");
    }

    private static string PlaceOf(ModelCatalog catalog, string model) =>
        catalog.Find(model) is not { } known ? "not known" : known.IsHere ? "here" : "not here";

    private static string Json(ModelCatalog catalog) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteStartArray("chains");
            foreach (SeparationChain preset in SeparationChain.Presets)
            {
                json.WriteStartObject();
                json.WriteString("name", preset.Name);
                json.WriteString("description", preset.Description);
                json.WriteStartArray("stems");
                foreach (ChainOutput output in preset.Outputs)
                {
                    json.WriteStringValue(output.Name);
                }

                json.WriteEndArray();
                json.WriteStartArray("models");
                foreach (string model in preset.Models)
                {
                    string place = PlaceOf(catalog, model);
                    json.WriteStartObject();
                    json.WriteString("name", model);
                    json.WriteBoolean("known", place != "not known");
                    json.WriteBoolean("here", place == "here");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);
}
