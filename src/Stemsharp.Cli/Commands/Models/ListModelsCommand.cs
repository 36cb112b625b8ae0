using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models list</c>: what is known and what is here.</summary>
internal static class ListModelsCommand
{
    internal static Command Create()
    {
        Option<bool> json = ModelsCommand.Json();
        Command command = new("list", "List the known models: where they are, size, stems, licence, published quality.") { json };
        command.SetAction(line =>
        {
            Write(Catalogs.Create(offline: true), line.InvocationConfiguration.Output, line.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    internal static void Write(ModelCatalog catalog, TextWriter output, bool asJson)
    {
        IReadOnlyList<KnownModel> models = catalog.List();
        if (asJson)
        {
            output.WriteLine(Json(catalog, models));
            return;
        }

        int name = models.Max(m => m.Name.Length);
        int place = models.Max(m => PlaceOf(m).Length);
        int size = models.Max(m => SizeOf(m).Length);
        string indent = new(' ', name + 2);
        foreach (KnownModel model in models)
        {
            output.WriteLine($"{model.Name.PadRight(name)}  {PlaceOf(model).PadRight(place)}  {SizeOf(model).PadLeft(size)}  {string.Join(", ", model.Stems)}{(IsDefault(model) ? "  (default)" : "")}");
            output.WriteLine($"{indent}{model.Description}");
            output.WriteLine($"{indent}licence: {Words.Licence(model.Licence)}");
            if (model.Quality is { } quality)
            {
                output.WriteLine($"{indent}quality: {quality}");
            }
        }

        output.WriteLine($"Downloads are kept in {catalog.CacheFolder}; a .th, .safetensors or bag .yaml file is a model too.");
    }

    private static bool IsDefault(KnownModel model) => model.Name == ModelOptions.DefaultModel;

    private static string SizeOf(KnownModel model) => model.Bytes is { } bytes ? Words.Bytes(bytes) : "";

    private static string PlaceOf(KnownModel model)
    {
        if (model.Files.Count == 0 || model.Files.All(f => f.Place == ModelFilePlace.Embedded))
        {
            return "built in";
        }

        int here = model.Files.Count(f => f.Place != ModelFilePlace.Missing);
        if (here < model.Files.Count)
        {
            return here == 0 ? "not here" : $"{here} of {model.Files.Count} files here";
        }

        return model.Files.Any(f => f.Place == ModelFilePlace.TorchHub) ? "here (torch)" : "here";
    }

    private static string Json(ModelCatalog catalog, IReadOnlyList<KnownModel> models) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("cache", catalog.CacheFolder);
            json.WriteStartArray("models");
            foreach (KnownModel model in models)
            {
                json.WriteStartObject();
                json.WriteString("name", model.Name);
                json.WriteString("description", model.Description);
                json.WriteBoolean("default", IsDefault(model));
                json.WriteBoolean("here", model.IsHere);
                json.WriteNumberOrNull("bytes", model.Bytes);
                json.WriteLicence(model.Licence);
                json.WriteString("quality", model.Quality);
                json.WriteStartArray("stems");
                foreach (string stem in model.Stems)
                {
                    json.WriteStringValue(stem);
                }

                json.WriteEndArray();
                json.WriteStartArray("files");
                foreach (KnownModelFile file in model.Files)
                {
                    json.WriteStartObject();
                    json.WriteString("name", file.Name);
                    json.WriteString("path", file.Path);
                    json.WriteString("place", file.Place switch
                    {
                        ModelFilePlace.Cache => "cache",
                        ModelFilePlace.TorchHub => "torch-hub",
                        ModelFilePlace.Embedded => "embedded",
                        _ => "missing",
                    });
                    json.WriteString("cache_path", file.CachePath);
                    json.WriteNumberOrNull("bytes", file.Bytes);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);
}
