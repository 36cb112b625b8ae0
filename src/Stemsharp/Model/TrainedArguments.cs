using Stemsharp.Checkpoints;

namespace Stemsharp.Model;

/// <summary>
/// The constructor's arguments in the file beside a checkpoint of the original's classes: as they are, or in the YAML of the program that
/// others train these classes with (ZFTurbo's Music-Source-Separation-Training), whose section of the network's name holds most of them
/// and whose section <c>training</c> the rest.
/// </summary>
internal static class TrainedArguments
{
    private const string Training = "training", Model = "model", Subbands = "num_subbands";

    private static readonly (string Argument, string Key)[] s_training = [("sources", "instruments"), ("audio_channels", "channels"), ("samplerate", "samplerate"), ("segment", "segment")];

    /// <summary>The arguments by name; null where no file lies beside the checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="family">The family's name, which the YAML's section has in small letters.</param>
    /// <exception cref="ModelException">The YAML is of another network.</exception>
    public static IReadOnlyDictionary<string, object?>? Of(Checkpoint checkpoint, string family)
    {
        if (checkpoint.Overrides?.GetValueOrDefault(Training) is not IReadOnlyDictionary<string, object?> training)
        {
            return checkpoint.Overrides;
        }

        string section = family.ToLowerInvariant();
        if (checkpoint.Overrides.GetValueOrDefault(section) is not IReadOnlyDictionary<string, object?> own || checkpoint.Overrides.GetValueOrDefault(Model, section) is not string named || named != section)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: its YAML is of another network ({Model}: {checkpoint.Overrides.GetValueOrDefault(Model) ?? "not named"}); that of {family} has {Model}: {section}, and a section of that name.");
        }

        if (own.GetValueOrDefault(Subbands) is not (null or 1L))
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: {Subbands} = {own[Subbands]} is not supported; 1 is: with more it is another network.");
        }

        Dictionary<string, object?> arguments = own.Where(a => a.Key != Subbands).ToDictionary(StringComparer.Ordinal);
        foreach ((string argument, string key) in s_training)
        {
            if (training.TryGetValue(key, out object? value))
            {
                arguments[argument] = value;
            }
        }

        return arguments;
    }
}
