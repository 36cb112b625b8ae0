namespace Stemsharp.Model;

/// <summary>Arguments of a synthetic model, changed into those of a network that it stands in for.</summary>
internal static class StandInArguments
{
    /// <param name="arguments">The synthetic model's.</param>
    /// <param name="changes">What is different; a section's fields are changed one by one.</param>
    /// <param name="stems">The stems by name, the target of a network with one first; empty to keep the synthetic model's.</param>
    public static IReadOnlyDictionary<string, object?> Of(IReadOnlyDictionary<string, object?> arguments, IReadOnlyDictionary<string, object?> changes, IReadOnlyList<string> stems)
    {
        Dictionary<string, object?> changed = Merged(arguments, changes);
        if (stems.Count == 0)
        {
            return changed;
        }

        List<object?> names = [.. stems];
        if (changed.ContainsKey("sources"))
        {
            changed["sources"] = names;
        }

        if (changed.GetValueOrDefault("training") is IReadOnlyDictionary<string, object?> training)
        {
            changed["training"] = Merged(training, new Dictionary<string, object?>
            {
                ["instruments"] = names,
                ["target_instrument"] = training.GetValueOrDefault("target_instrument") is null ? null : names[0],
            });
        }

        if (changed.GetValueOrDefault("model") is IReadOnlyDictionary<string, object?> model && model.ContainsKey("sources"))
        {
            changed["model"] = Merged(model, new Dictionary<string, object?> { ["sources"] = names });
        }

        return changed;
    }

    private static Dictionary<string, object?> Merged(IReadOnlyDictionary<string, object?> arguments, IReadOnlyDictionary<string, object?> changes)
    {
        Dictionary<string, object?> merged = new(arguments, StringComparer.Ordinal);
        foreach ((string name, object? value) in changes)
        {
            merged[name] = value is IReadOnlyDictionary<string, object?> fields && merged.GetValueOrDefault(name) is IReadOnlyDictionary<string, object?> section ? Merged(section, fields) : value;
        }

        return merged;
    }
}
