namespace Stemsharp.Checkpoints.Torch;

/// <summary>The constructor arguments in a package: kwargs, and args by their position in the original's constructor.</summary>
internal static class TorchArguments
{
    private const int MaxDepth = 16, MaxValues = 10_000;

    // In the order of the original's constructor, as far as anyone would give them by position.
    private static readonly string[] Positions = ["sources", "audio_channels", "channels", "channels_time", "growth", "nfft"];

    public static Dictionary<string, object?> Read(PickleDict package)
    {
        Dictionary<string, object?> arguments = new(StringComparer.Ordinal);
        int values = 0;
        if (package.Items.GetValueOrDefault("args") is object?[] positional)
        {
            if (positional.Length > Positions.Length)
            {
                throw new CheckpointFormatException($"its model was built with {positional.Length} arguments by position; at most {Positions.Length} are supported. Save it with named arguments.");
            }

            for (int i = 0; i < positional.Length; i++)
            {
                arguments[Positions[i]] = ToPlain(positional[i], 0, ref values);
            }
        }

        if (package.Items.GetValueOrDefault("kwargs") is PickleDict named)
        {
            foreach ((string name, object? value) in named.Items)
            {
                arguments[name] = ToPlain(value, 0, ref values);
            }
        }

        return arguments;
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
