using System.Collections.Immutable;
using Stemsharp.Checkpoints;
using Stemsharp.Inference;

namespace Stemsharp.Model;

/// <summary>A trainer's YAML by section: of each key what the checkpoint itself says, and over it what the file beside it says.</summary>
internal sealed class TrainerSections
{
    private readonly Dictionary<string, IReadOnlyDictionary<string, object?>> _sections = new(StringComparer.Ordinal);

    /// <param name="arguments">The checkpoint's own, by section; null where it has none.</param>
    /// <param name="checkpoint">The checkpoint, for the file beside it.</param>
    public TrainerSections(IReadOnlyDictionary<string, object?>? arguments, Checkpoint checkpoint)
    {
        foreach (string name in Names)
        {
            Dictionary<string, object?> section = new(StringComparer.Ordinal);
            foreach (IReadOnlyDictionary<string, object?>? source in (IReadOnlyDictionary<string, object?>?[])[arguments, checkpoint.Overrides])
            {
                foreach ((string key, object? value) in source?.GetValueOrDefault(name) as IReadOnlyDictionary<string, object?> ?? new Dictionary<string, object?>())
                {
                    section[key] = value;
                }
            }

            _sections.Add(name, section);
        }
    }

    /// <summary>The sections that are read.</summary>
    public static IReadOnlyList<string> Names { get; } = ["audio", "model", "training", "inference"];

    /// <summary>A section; empty where there is none.</summary>
    public IReadOnlyDictionary<string, object?> this[string name] => _sections.GetValueOrDefault(name) ?? (IReadOnlyDictionary<string, object?>)ImmutableDictionary<string, object?>.Empty;

    /// <summary>All of them as one value.</summary>
    public Dictionary<string, object?> ToArguments() => _sections.ToDictionary(s => s.Key, s => (object?)s.Value, StringComparer.Ordinal);

    /// <summary>Refuses what no rule knows, unless it is false, empty or null.</summary>
    /// <param name="name">The section.</param>
    /// <param name="known">The names of the rules' keys.</param>
    /// <param name="what">What the network is called, for the message.</param>
    /// <exception cref="ModelException">Names the first such key and its value.</exception>
    public void RefuseUnknown(string name, IEnumerable<string> known, string what)
    {
        foreach (string key in this[name].Keys.Except(known))
        {
            ArgumentValue value = new(key, this[name][key], $"to leave it out: no {what} that is supported has it");
            value.Require(!value.IsTruthy);
        }
    }
}

/// <summary>A family whose configuration is a trainer's YAML.</summary>
internal abstract class TrainerFamily : Family
{
    public override IReadOnlyList<string> ArgumentNames => TrainerSections.Names;

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        TrainerSections sections = new(ArgumentsOf(checkpoint), checkpoint);
        try
        {
            return Read(checkpoint, sections, place);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Reads the configuration.</summary>
    /// <param name="checkpoint">An open checkpoint of this family.</param>
    /// <param name="sections">Its configuration.</param>
    /// <param name="place">Where it can be opened again.</param>
    /// <exception cref="ModelException">Says what is wrong, without the checkpoint's name.</exception>
    protected abstract CheckpointNetwork Read(Checkpoint checkpoint, TrainerSections sections, CheckpointPlace place);
}

/// <summary>A network that a <see cref="TrainerFamily"/> made.</summary>
internal abstract class TrainerNetwork(NetworkDefinition definition, TrainerSections sections, Family family, CheckpointPlace place) : CheckpointNetwork(definition, family, place)
{
    public override IReadOnlyDictionary<string, object?> Arguments { get; } = sections.ToArguments();

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;
}
