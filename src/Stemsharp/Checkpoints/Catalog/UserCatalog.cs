namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// A JSON file of someone's own models and mirrors:
/// <c>{"mirrors": ["https://…/"], "models": {"name": {"aliases": ["…"], "files": ["https://…/sig-checksum.th"], "config": ["https://…/x.yaml"], "stems": […],
/// "weights": [[…]], "sha256": ["…"], "bytes": […], "description": "…", "quality": "…", "stand_in": "…",
/// "licence": {"text": "…", "stated_by": "…", "link": "https://…", "must_be_accepted": false}}}}</c>.
/// A mirror is asked for a file's name below it before the file's own address. An address may be a list of them, asked in turn; the first
/// one names the file. In <c>config</c>, <c>sha256</c> and <c>bytes</c>, null stands for a file of which there is none.
/// <c>stand_in</c> names the synthetic model that costs what this one costs, <c>{"like": "…", "model": {…}}</c> one that differs in some of its arguments.
/// </summary>
internal sealed class UserCatalog
{
    private const int MaxBytes = 1 << 20, MaxLine = 500;

    private UserCatalog(IReadOnlyList<Uri> mirrors, IReadOnlyList<CatalogEntry> models)
    {
        Mirrors = mirrors;
        Models = models;
    }

    public static UserCatalog Empty { get; } = new([], []);

    public IReadOnlyList<Uri> Mirrors { get; }

    public IReadOnlyList<CatalogEntry> Models { get; }

    public static UserCatalog Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The catalog file {path} does not exist. It is named by the setting STEMSHARP_CATALOG or the catalog option.") { Failure = ModelFailure.NotInstalled };
        }

        return CheckpointFormatException.Guard(path, () =>
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new CheckpointFormatException($"a catalog may have at most {MaxBytes:N0} bytes.");
            }

            return Parse(File.ReadAllBytes(path));
        });
    }

    public static UserCatalog Parse(ReadOnlyMemory<byte> json)
    {
        IReadOnlyDictionary<string, object?> root = PlainJson.ReadObject(json);
        Uri[] mirrors = [.. List(root, "mirrors").Select(m => Address(m, "mirrors"))];
        foreach (string key in root.Keys.Except(["mirrors", "models"]))
        {
            throw new CheckpointFormatException($"it has the field '{key}'; valid are 'mirrors' and 'models'.");
        }

        object? models = root.GetValueOrDefault("models");
        if (models is not (null or IReadOnlyDictionary<string, object?>))
        {
            throw new CheckpointFormatException("'models' must be an object of models by name.");
        }

        return new UserCatalog(mirrors, [.. (models as IReadOnlyDictionary<string, object?> ?? new Dictionary<string, object?>()).Select(m => Model(m.Key, m.Value))]);
    }

    private static CatalogEntry Model(string name, object? value)
    {
        if (value is not IReadOnlyDictionary<string, object?> fields)
        {
            throw new CheckpointFormatException($"its model '{name}' is not an object.");
        }

        if (!IsName(name))
        {
            throw new CheckpointFormatException($"its model '{name}' has a name that is not made of letters, digits, '_', '-' and '.'.");
        }

        foreach (string key in fields.Keys.Except(["aliases", "files", "config", "stems", "weights", "sha256", "bytes", "description", "quality", "stand_in", "licence"]))
        {
            throw new CheckpointFormatException($"its model '{name}' has the field '{key}'; valid are aliases, files, config, stems, weights, sha256, bytes, description, quality, stand_in and licence.");
        }

        Uri[][] addresses = [.. List(fields, "files").Select(f => Addresses(f, $"files of '{name}'"))];
        if (addresses.Length == 0)
        {
            throw new CheckpointFormatException($"its model '{name}' has no files.");
        }

        IReadOnlyList<object?> hashes = OnePerFile(fields, "sha256", name, addresses.Length, h => h is string { Length: >= 8 and <= 64 } hash && hash.All(char.IsAsciiHexDigitLower), "8 to 64 lower-case hex digits");
        IReadOnlyList<object?> bytes = OnePerFile(fields, "bytes", name, addresses.Length, b => b is long and > 0, "a size");
        IReadOnlyList<object?> configurations = OnePerFile(fields, "config", name, addresses.Length, c => c is string or IReadOnlyList<object?>, "an address");
        StandIn? standIn = fields.GetValueOrDefault("stand_in") is { } like ? StandIn(name, like) : null;
        CatalogFile[] files =
        [
            .. addresses.Select((address, i) => Checkpoint(name, address, hashes[i] as string) with
            {
                Bytes = (long?)bytes[i],
                StandIn = standIn,
                Configuration = configurations[i] is { } configuration ? Configuration(name, address[0], Addresses(configuration, $"config of '{name}'")) : null,
            }),
        ];
        string[] aliases = [.. List(fields, "aliases").Select(a => a is string alias && IsName(alias) ? alias : throw new CheckpointFormatException($"'aliases' of '{name}' must be names made of letters, digits, '_', '-' and '.'."))];
        string[] stems = [.. List(fields, "stems").Select(s => s as string ?? throw new CheckpointFormatException($"'stems' of '{name}' must be names."))];
        return new CatalogEntry(name, fields.GetValueOrDefault("description") as string ?? "", files, stems, BagFile.ReadWeights(fields.GetValueOrDefault("weights"), files.Length))
        {
            Aliases = aliases,
            Licence = fields.GetValueOrDefault("licence") is { } licence ? Licence(name, licence) : null,
            Quality = fields.GetValueOrDefault("quality") is { } quality ? Line(quality, $"'quality' of '{name}'") : null,
        };
    }

    private static bool IsName(string name) => name.Trim('.').Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static CatalogLicence Licence(string model, object value)
    {
        string where = $"'licence' of '{model}'";
        if (value is not IReadOnlyDictionary<string, object?> fields || fields.Keys.Except(["text", "stated_by", "link", "must_be_accepted"]).Any())
        {
            throw new CheckpointFormatException($"{where} must be an object with text, stated_by and, if need be, link and must_be_accepted.");
        }

        return new CatalogLicence(
            Line(fields.GetValueOrDefault("text"), $"'text' in {where}"),
            Line(fields.GetValueOrDefault("stated_by"), $"'stated_by' in {where}"),
            fields.GetValueOrDefault("link") is { } link ? Address(link, where) : null,
            fields.GetValueOrDefault("must_be_accepted") switch
            {
                null => false,
                bool demanded => demanded,
                _ => throw new CheckpointFormatException($"'must_be_accepted' in {where} must be true or false."),
            });
    }

    private static StandIn StandIn(string model, object value) => value switch
    {
        string like => new StandIn(like),
        IReadOnlyDictionary<string, object?> fields when fields.GetValueOrDefault("like") is string like => new StandIn(like, fields.Where(f => f.Key != "like").ToDictionary(StringComparer.Ordinal)),
        _ => throw new CheckpointFormatException($"'stand_in' of '{model}' must be the name of a synthetic model, or an object with its name as 'like' and what is different."),
    };

    // Terminals show it.
    private static string Line(object? value, string where) =>
        value is string { Length: > 0 and <= MaxLine } text && !text.Any(char.IsControl)
            ? text
            : throw new CheckpointFormatException($"{where} must be one line of text, at most {MaxLine} characters long.");

    private static CatalogFile Checkpoint(string model, Uri[] addresses, string? hash)
    {
        string name = FileName(addresses[0]);
        if (!ModelFiles.IsCheckpoint(name) || !IsPlain(name))
        {
            throw new CheckpointFormatException($"the file {addresses[0]} of '{model}' must end in a name with .th, .safetensors or .ckpt.");
        }

        return new CatalogFile(name, addresses, hash ?? FileNames.Parse(name).Checksum);
    }

    // Kept under the checkpoint's name: several publishers have a config.yaml.
    private static CatalogFile Configuration(string model, Uri checkpoint, Uri[] addresses)
    {
        string name = FileName(addresses[0]), extension = Path.GetExtension(name).ToLowerInvariant();
        if (!SidecarFile.Extensions.Contains(extension) || !IsPlain(name))
        {
            throw new CheckpointFormatException($"the configuration {addresses[0]} of '{model}' must end in a name with {string.Join(", ", SidecarFile.Extensions)}.");
        }

        return new CatalogFile(Path.ChangeExtension(FileName(checkpoint), extension), addresses, null);
    }

    private static string FileName(Uri address) => Uri.UnescapeDataString(address.Segments[^1]);

    private static bool IsPlain(string name) => Path.GetFileName(name) == name && !name.Any(c => char.IsControl(c) || c is '\\' or ':');

    private static Uri[] Addresses(object? value, string where) =>
        value is IReadOnlyList<object?> { Count: > 0 } several ? [.. several.Select(a => Address(a, where))] : [Address(value, where)];

    private static IReadOnlyList<object?> OnePerFile(IReadOnlyDictionary<string, object?> fields, string name, string model, int files, Func<object?, bool> isValid, string what)
    {
        IReadOnlyList<object?> values = List(fields, name);
        return values.Count == 0 ? [.. Enumerable.Repeat<object?>(null, files)]
            : values.Count == files && values.All(v => v is null || isValid(v)) ? values
            : throw new CheckpointFormatException($"'{name}' of '{model}' must give {what} for each file.");
    }

    private static Uri Address(object? value, string where) =>
        value is string text && Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new CheckpointFormatException($"'{value}' in {where} is not an https address.");

    private static IReadOnlyList<object?> List(IReadOnlyDictionary<string, object?> fields, string name) => fields.GetValueOrDefault(name) switch
    {
        null => [],
        IReadOnlyList<object?> list => list,
        _ => throw new CheckpointFormatException($"'{name}' must be a list."),
    };
}
