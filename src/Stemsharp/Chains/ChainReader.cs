using System.Globalization;
using System.Text.Json;

namespace Stemsharp.Chains;

/// <summary>Reads definitions of chains, and refuses what is not one by the name of what is wrong.</summary>
internal sealed class ChainReader
{
    private const int MostSteps = 64, MostModels = 32;

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 16, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly string _shown;
    private readonly string? _folder;

    private ChainReader(string shown, string? folder)
    {
        _shown = shown;
        _folder = folder;
    }

    /// <summary>The keys of each object of a definition, for the schema's sake.</summary>
    internal static IReadOnlyDictionary<string, string[]> Keys { get; } = new Dictionary<string, string[]>
    {
        ["chain"] = ["$schema", "name", "description", "steps", "outputs"],
        ["step"] = ["name", "input", "model", "overlap", "shifts", "seed", "segment", "ensemble", "stems"],
        ["ensemble"] = ["algorithm", "weights", "models"],
        ["model"] = ["model", "overlap", "shifts", "seed", "segment"],
    };

    /// <summary>Reads a definition.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="shown">What messages call it.</param>
    /// <param name="name">Its name, where it has none.</param>
    /// <param name="folder">Where its models' relative paths begin; null for the process's folder.</param>
    /// <exception cref="OptionException">It is not valid.</exception>
    public static SeparationChain Read(string json, string shown, string name, string? folder)
    {
        ChainReader reader = new(shown, folder);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_json);
            return reader.Chain(document.RootElement, name);
        }
        catch (JsonException error)
        {
            throw reader.Refusal($"it is not valid JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            throw reader.Refusal("a text in it is not Unicode.", error);
        }
    }

    /// <summary>Reads a list of definitions that each have a name.</summary>
    public static IReadOnlyList<SeparationChain> ReadAll(string json, string shown)
    {
        using JsonDocument document = JsonDocument.Parse(json, s_json);
        return [.. document.RootElement.EnumerateArray().Select(element => new ChainReader(shown, null).Chain(element, ""))];
    }

    private SeparationChain Chain(JsonElement element, string name)
    {
        Dictionary<string, JsonElement> fields = Fields(element, "chain", "the chain");
        if (fields.TryGetValue("name", out JsonElement named))
        {
            name = Text(named, "'name'");
        }

        if (!ChainSum.IsName(name))
        {
            throw Refusal($"its name '{name}' is not valid; up to 64 letters, digits, '_', '-' and '.' are. Give it one by 'name'.");
        }

        string description = fields.TryGetValue("description", out JsonElement text) ? Text(text, "'description'") : "";
        ChainStep[] steps = [.. List(fields, "steps", "the chain", MostSteps).Select((step, i) => Step(step, i))];
        ChainOutput[] outputs = [.. Pairs(fields, "outputs", "the chain").Select(pair => new ChainOutput(pair.Key, Sum(pair.Value, $"the output '{pair.Key}'")))];
        SeparationChain chain = new(name, description, steps, outputs, element.GetRawText());
        ChainCheck.Check(chain, message => Refusal(message));
        return chain;
    }

    private ChainStep Step(JsonElement element, int index)
    {
        string number = string.Create(CultureInfo.InvariantCulture, $"step {index + 1}");
        Dictionary<string, JsonElement> fields = Fields(element, "step", number);
        string name = Text(Required(fields, "name", number), $"'name' of {number}");
        string where = $"step '{name}'";
        if (!ChainSum.IsName(name))
        {
            throw Refusal($"the name '{name}' of {number} is not valid; up to 64 letters, digits, '_', '-' and '.' are.");
        }

        ChainSum input = Sum(fields.TryGetValue("input", out JsonElement given) ? Text(given, $"'input' of {where}") : ChainSum.Mix, where);
        bool several = fields.TryGetValue("ensemble", out JsonElement ensemble);
        if (several == fields.ContainsKey("model"))
        {
            throw Refusal($"{where} needs either 'model' or 'ensemble'{(several ? ", not both" : "")}.");
        }

        string[] settings = [.. fields.Keys.Where(key => key is "overlap" or "shifts" or "seed" or "segment")];
        if (several && settings.Length > 0)
        {
            throw Refusal($"'{settings[0]}' of {where} belongs to a model; write it beside the model in the ensemble's 'models'.");
        }

        (IReadOnlyList<ChainModel> models, ChainEnsemble? how) = several ? Ensemble(ensemble, where) : ([Model(fields, where)], null);
        ChainStem[] stems = [.. Pairs(fields, "stems", where).Select(pair => new ChainStem(pair.Key, pair.Value))];
        return new ChainStep(name, input, models, how, stems);
    }

    private (IReadOnlyList<ChainModel> Models, ChainEnsemble How) Ensemble(JsonElement element, string where)
    {
        Dictionary<string, JsonElement> fields = Fields(element, "ensemble", $"the ensemble of {where}");
        string algorithm = Text(Required(fields, "algorithm", $"the ensemble of {where}"), $"'algorithm' of {where}");
        EnsembleAlgorithm known = EnsembleAlgorithms.Find(algorithm)
            ?? throw Refusal($"{where} has the algorithm '{algorithm}'; valid are {string.Join(", ", EnsembleAlgorithms.Names)}.");
        ChainModel[] models = [.. List(fields, "models", $"the ensemble of {where}", MostModels).Select(model => model.ValueKind == JsonValueKind.String
            ? new ChainModel(ModelName(model, where))
            : Model(Fields(model, "model", $"a model of {where}"), where))];
        if (models.Length < 2)
        {
            throw Refusal($"the ensemble of {where} has one model; it needs at least two. A single one is named by 'model'.");
        }

        if (!fields.TryGetValue("weights", out JsonElement given) || given.ValueKind == JsonValueKind.Null)
        {
            return (models, new ChainEnsemble(known, null));
        }

        double[] weights = [.. Array(given, $"'weights' of {where}").Select(weight => Number(weight, $"a weight of {where}", 0, 1e6))];
        if (!EnsembleAlgorithms.IsWeighted(known))
        {
            throw Refusal($"'weights' of {where} mean nothing for {algorithm}; avg_wave and avg_fft have them.");
        }

        if (weights.Length != models.Length)
        {
            throw Refusal($"{where} has {weights.Length} weights for {models.Length} models; give one for each, or leave 'weights' out.");
        }

        return weights.Sum() > 0
            ? (models, new ChainEnsemble(known, weights))
            : throw Refusal($"all weights of {where} are 0; give a model some weight.");
    }

    private ChainModel Model(Dictionary<string, JsonElement> fields, string where) => new(ModelName(Required(fields, "model", $"a model of {where}"), where))
    {
        Overlap = fields.TryGetValue("overlap", out JsonElement overlap) ? Number(overlap, $"'overlap' of {where}", 0, 0.99) : null,
        Shifts = fields.TryGetValue("shifts", out JsonElement shifts) ? Whole(shifts, $"'shifts' of {where}", 0, 100) : null,
        Seed = fields.TryGetValue("seed", out JsonElement seed) ? Whole(seed, $"'seed' of {where}", int.MinValue, int.MaxValue) : null,
        Segment = fields.TryGetValue("segment", out JsonElement segment) ? Number(segment, $"'segment' of {where}", 0.001, 9999) : null,
    };

    // A file beside the definition goes before what the process's folder or the catalog has.
    private string ModelName(JsonElement element, string where)
    {
        string model = Text(element, $"'model' of {where}");
        if (string.IsNullOrWhiteSpace(model))
        {
            throw Refusal($"'model' of {where} is empty; name a model, or a checkpoint file.");
        }

        return _folder is not null && !Path.IsPathRooted(model) && File.Exists(Path.Combine(_folder, model)) ? Path.Combine(_folder, model) : model;
    }

    private ChainSum Sum(string text, string where) => ChainSum.Parse(text) ?? throw Refusal(
        $"{where} has '{text}', which is no sound; write a name, or names with ' + ' or ' - ' between them, such as \"mix - vocals\".");

    private Dictionary<string, JsonElement> Fields(JsonElement element, string kind, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Refusal($"{where} must be an object in braces.");
        }

        string[] valid = Keys[kind];
        Dictionary<string, JsonElement> fields = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!valid.Contains(property.Name))
            {
                throw Refusal($"{where} has the unknown key '{property.Name}'; valid are {string.Join(", ", valid)}.");
            }

            if (!fields.TryAdd(property.Name, property.Value))
            {
                throw Refusal($"{where} has the key '{property.Name}' twice.");
            }
        }

        return fields;
    }

    private JsonElement Required(Dictionary<string, JsonElement> fields, string key, string where) =>
        fields.TryGetValue(key, out JsonElement value) ? value : throw Refusal($"{where} lacks '{key}'.");

    private List<JsonElement> List(Dictionary<string, JsonElement> fields, string key, string where, int most)
    {
        List<JsonElement> items = Array(Required(fields, key, where), $"'{key}' of {where}");
        return items.Count >= 1 && items.Count <= most ? items : throw Refusal($"'{key}' of {where} has {items.Count} entries; 1 to {most} are valid.");
    }

    private List<JsonElement> Array(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : throw Refusal($"{what} must be a list in brackets.");

    // Names, or names with what they stand for.
    private List<KeyValuePair<string, string>> Pairs(Dictionary<string, JsonElement> fields, string key, string where)
    {
        JsonElement element = Required(fields, key, where);
        string what = $"'{key}' of {where}";
        List<KeyValuePair<string, string>> pairs = element.ValueKind switch
        {
            JsonValueKind.Array => [.. element.EnumerateArray().Select(item => Text(item, $"an entry of {what}")).Select(name => KeyValuePair.Create(name, name))],
            JsonValueKind.Object => [.. element.EnumerateObject().Select(pair => KeyValuePair.Create(pair.Name, Text(pair.Value, $"'{pair.Name}' in {what}")))],
            _ => throw Refusal($"{what} must be a list of names, or an object of names and what they stand for."),
        };
        if (pairs.GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw Refusal($"{what} has '{twice.Key}' twice.");
        }

        return pairs.Count > 0 ? pairs : throw Refusal($"{what} is empty; name at least one.");
    }

    private string Text(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Refusal($"{what} must be a text, not {element.GetRawText()}.");

    private double Number(JsonElement element, string what, double least, double most) =>
        element.ValueKind == JsonValueKind.Number && element.GetDouble() is var number && number >= least && number <= most
            ? number
            : throw Refusal(string.Create(CultureInfo.InvariantCulture, $"{what} is {element.GetRawText()}; {least} to {most} are valid."));

    private int Whole(JsonElement element, string what, int least, int most) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Refusal(string.Create(CultureInfo.InvariantCulture, $"{what} is {element.GetRawText()}; whole numbers from {least} to {most} are valid."));

    private OptionException Refusal(string message) => new($"The chain {_shown} is not valid: {message}");

    private OptionException Refusal(string message, Exception inner) => new($"The chain {_shown} is not valid: {message}", inner);
}
