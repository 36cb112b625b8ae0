using System.CommandLine;
using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models list</c>: what is known and what is here.</summary>
internal static class ListModelsCommand
{
    internal static Command Create()
    {
        Argument<string?> word = new("WORD")
        {
            Description = "Only models with this in their name, description or files, such as karaoke; default all.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("list", "List the known models: where they are, size, stems, licence, published quality.") { word, json };
        command.SetAction(line =>
        {
            Write(Catalogs.Create(offline: true), line.GetValue(word), line.InvocationConfiguration.Output, line.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    /// <exception cref="OptionException">No model has the word.</exception>
    internal static void Write(ModelCatalog catalog, string? word, TextWriter output, bool asJson)
    {
        IReadOnlyList<KnownModel> models = [.. catalog.List().Where(m => word is null || WordsOf(m).Any(w => w.Contains(word, StringComparison.OrdinalIgnoreCase)))];
        if (models.Count == 0)
        {
            throw new OptionException($"No known model has '{word}' in its name, description or files; 'stemsharp models list' shows all.");
        }

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
                foreach (string figure in quality.Split("; "))
                {
                    output.WriteLine($"{indent}quality: {figure}");
                }
            }

            if (model.Files.Any(f => f.Place != ModelFilePlace.Embedded && f.Sha256 is null))
            {
                output.WriteLine($"{indent}checksum: none was published; the first download's is kept and compared");
            }
        }

        output.WriteLine($"Downloads are kept in {catalog.CacheFolder}; a .th, .safetensors, .ckpt, .onnx or bag .yaml file is a model too.");
    }

    private static IEnumerable<string> WordsOf(KnownModel model) => [model.Name, model.Description, .. model.Files.Select(f => f.Name)];

    private static bool IsDefault(KnownModel model) => model.Name == ModelOptions.DefaultModel;

    private static string SizeOf(KnownModel model) => model.Bytes is { } bytes ? Words.Bytes(bytes) : "";

    private static string PlaceOf(KnownModel model)
    {
        if (model.Files.Count == 0 || model.Files.All(f => f.Place == ModelFilePlace.Embedded))
        {
            return "built in";
        }

        KnownModelFile[] files = [.. model.Files.SelectMany(f => f.WithConfiguration)];
        int here = files.Count(f => f.Place != ModelFilePlace.Missing);
        if (here < files.Length)
        {
            return here == 0 ? "not here" : $"{here} of {files.Length} files here";
        }

        return model.Files.Any(f => f.Place == ModelFilePlace.TorchHub) ? "here (torch)"
            : model.Files.Any(f => f.Place == ModelFilePlace.HuggingFace) ? "here (hugging face)"
            : model.Files.Any(f => f.Place == ModelFilePlace.OtherProgram) ? "here (other program)"
            : "here";
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
                    WriteFile(json, file);
                    json.WriteString("sha256", file.Sha256);
                    if (file.Configuration is { } configuration)
                    {
                        json.WriteStartObject("configuration");
                        WriteFile(json, configuration);
                        json.WriteEndObject();
                    }

                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);

    private static void WriteFile(Utf8JsonWriter json, KnownModelFile file)
    {
        json.WriteString("name", file.Name);
        json.WriteString("path", file.Path);
        json.WriteString("place", file.Place switch
        {
            ModelFilePlace.Cache => "cache",
            ModelFilePlace.TorchHub => "torch-hub",
            ModelFilePlace.Embedded => "embedded",
            ModelFilePlace.HuggingFace => "hugging-face",
            ModelFilePlace.OtherProgram => "other-program",
            _ => "missing",
        });
        json.WriteString("cache_path", file.CachePath);
        json.WriteNumberOrNull("bytes", file.Bytes);
    }
}
