using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Separating;

/// <summary>What can be found wrong before the work is found wrong here.</summary>
internal static class Preflight
{
    /// <exception cref="OptionException">A stem does not exist, or options don't fit the inputs.</exception>
    /// <exception cref="OutputException">The output folder can't be written.</exception>
    /// <exception cref="ExternalToolException">The output's format needs FFmpeg, which is missing.</exception>
    internal static void Check(SeparateRequest request, Separator separator)
    {
        CheckOptions(request, separator);
        if (!request.ToStandardOutput)
        {
            CheckFolder(request.Root(separator.Model));
        }
    }

    /// <exception cref="OptionException">A stem does not exist, or the format does not take the options.</exception>
    /// <exception cref="ExternalToolException">The output's format needs FFmpeg, which is missing.</exception>
    internal static void CheckOptions(SeparateRequest request, Separator separator)
    {
        if (request.Files.TwoStems is { } wanted && !separator.Stems.Contains(wanted))
        {
            throw new OptionException($"--two-stems {wanted}: {separator.Model} has the stems {string.Join(", ", separator.Stems)}.");
        }

        request.Files.Validate(separator.Stems, separator.Options.Stems, separator.SampleRate, separator.Source.Members[0].Definition.Channels);
    }

    /// <summary>The one input for standard output.</summary>
    internal static Track OnlyTrack(InputExpansion inputs)
    {
        if (inputs.Rejected is [{ } rejected, ..])
        {
            throw new AudioException($"{rejected.Shown}: {rejected.Message}");
        }

        return inputs.Tracks is [{ } track]
            ? track
            : throw new OptionException($"-o - takes one input; this one holds {inputs.Tracks.Count} tracks.");
    }

    private static void CheckFolder(string folder)
    {
        string path = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(path);
            string probe = Path.Combine(path, $".stemsharp-probe-{Environment.ProcessId}");
            using (new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"The folder {path} can't be written: {exception.Message} Choose another one with --out.", exception);
        }
    }
}
