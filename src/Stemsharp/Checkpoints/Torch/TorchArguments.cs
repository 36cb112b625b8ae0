namespace Stemsharp.Checkpoints.Torch;

/// <summary>The constructor arguments in a package: args and kwargs.</summary>
internal static class TorchArguments
{
    private const int MaxDepth = 16, MaxValues = 10_000;

    public static (IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named) Read(PickleDict package)
    {
        List<object?> positional = [];
        Dictionary<string, object?> arguments = new(StringComparer.Ordinal);
        int values = 0;
        foreach (object? value in package.Items.GetValueOrDefault("args") as object?[] ?? [])
        {
            positional.Add(ToPlain(value, 0, ref values));
        }

        if (package.Items.GetValueOrDefault("kwargs") is PickleDict named)
        {
            foreach ((string name, object? value) in named.Items)
            {
                arguments[name] = ToPlain(value, 0, ref values);
            }
        }

        return (positional, arguments);
    }

    // The counts bound dicts that hold themselves or each other many times over.
    private static object? ToPlain(object? value, int depth, ref int values)
    {
        if (depth > MaxDepth || ++values > MaxValues)
        {
            throw CheckpointFormatException.Damaged("its model's arguments are nested too deeply or too many");
        }

        switch (value)
        {
            case null or bool or long or double or string or Fraction:
                return value;
            case IEnumerable<object?> list:
                List<object?> items = [];
                foreach (object? item in list)
                {
                    items.Add(ToPlain(item, depth + 1, ref values));
                }

                return items;
            case PickleDict dict:
                Dictionary<string, object?> dictionary = new(StringComparer.Ordinal);
                foreach ((string key, object? item) in dict.Items)
                {
                    dictionary[key] = ToPlain(item, depth + 1, ref values);
                }

                return dictionary;
            default:
                return value.ToString();
        }
    }
}
