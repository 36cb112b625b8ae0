using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Files;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Separation;

/// <summary>Fills in the defaults of a job's settings and refuses what contradicts itself or does not fit the model.</summary>
internal static class SettingsCheck
{
    public static JobSettings Complete(JobSettings settings, ModelInfo model, bool mayBeAbsent = false)
    {
        if (!model.Installed && !mayBeAbsent)
        {
            string what = model.Models is { } models ? $"Of the chain '{model.Name}' not all models are on this machine yet; it needs {string.Join(", ", models)}." : $"The model '{model.Name}' is not on this machine yet.";
            throw new ModelException($"{what} Download it first: POST /api/v1/models/{model.Name}/download, or the button on the page.") { Failure = ModelFailure.NotInstalled };
        }

        if (settings.Stems is { Count: 0 })
        {
            throw new OptionException("'stems' is empty; leave it out for all stems.");
        }

        if (!model.Installed && model.Stems.Count == 0)
        {
            // Its files will say what stems there are, and the settings are checked once more when its turn comes.
            return settings with { Model = model.Name };
        }

        string[]? stems = settings.Stems is { } wanted ? [.. wanted.Select(stem => NameOf(stem, model)).Distinct()] : null;
        if (settings.Shifts is < 0 or > 20)
        {
            throw new OptionException($"'shifts' is {settings.Shifts}; valid are 0 to 20.");
        }

        if (settings.Overlap is { } overlap && !(overlap is >= 0 and <= 0.9))
        {
            throw new OptionException($"'overlap' is {overlap}; valid are 0 to 0.9.");
        }

        settings = settings with
        {
            Model = model.Name,
            SampleFormat = OneOf("sampleFormat", settings.SampleFormat, JobFiles.Depths),
            ClipMode = OneOf("clipMode", settings.ClipMode, ClipModes.Names),
            Shifts = settings.Shifts ?? 0,
            // A stem that is named twice is wanted once.
            Stems = stems,
        };
        return CompleteSum(CompletePair(settings, model), model);
    }

    private static JobSettings CompletePair(JobSettings settings, ModelInfo model)
    {
        if (settings.TwoStems is not { } stem)
        {
            return settings.OtherMethod is null ? settings
                : throw new OptionException("'otherMethod' says what the rest beside 'twoStems' is, which is not given.");
        }
        if (settings.Stems is not null)
        {
            throw new OptionException("'stems' and 'twoStems' exclude each other; leave one of them out.");
        }

        return settings with { TwoStems = NameOf(stem, model), OtherMethod = OneOf("otherMethod", settings.OtherMethod, JobFiles.Rests) };
    }

    private static JobSettings CompleteSum(JobSettings settings, ModelInfo model)
    {
        if (!settings.ExactSum)
        {
            return settings.Residual is null ? settings
                : throw new OptionException("'residual' names the stem for 'exactSum', which is not asked for.");
        }
        if (settings.Stems is { } some && some.Count < model.Stems.Count)
        {
            throw new OptionException("'exactSum' needs all stems; a subset does not add up to the song. Leave 'stems' out.");
        }

        if (settings.OtherMethod == "none")
        {
            throw new OptionException("'exactSum' needs the rest beside the stem; 'otherMethod' none leaves it out.");
        }

        IReadOnlyList<string> files = JobFiles.Of(settings).Names(model.Stems);
        string residual = settings.Residual ?? Mixdown.DefaultResidual(files);
        return StemNames.Find(files, residual) is { } file ? settings with { Residual = file }
            : throw new OptionException($"'residual' is '{ClientText.Quoted(residual)}'; valid are {string.Join(", ", files)}.");
    }

    private static string NameOf(string stem, ModelInfo model) => StemNames.Find(model.Stems, stem)
        ?? throw new OptionException($"The model '{model.Name}' has no stem '{ClientText.Quoted(stem)}'; it has {string.Join(", ", model.Stems)}.");

    private static string OneOf(string name, string? value, params ReadOnlySpan<string> valid)
    {
        if (value is null)
        {
            return valid[0];
        }

        return valid.Contains(value) ? value
            : throw new OptionException($"'{name}' is '{ClientText.Quoted(value)}'; valid are {string.Join(", ", valid!)}.");
    }
}
