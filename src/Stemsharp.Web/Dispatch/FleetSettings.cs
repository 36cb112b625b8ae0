using System.Globalization;
using Stemsharp.Client;
using FleetJob = Stemsharp.Fleet.Protocol.FleetJob;

namespace Stemsharp.Web.Dispatch;

/// <summary>Settings of this API as a fleet's jobs have them: as options of <c>stemsharp submit</c>, what is the default left out.</summary>
internal static class FleetSettings
{
    /// <summary>A job as <c>stemsharp submit</c> makes it.</summary>
    /// <param name="input">The song's absolute path.</param>
    /// <param name="folder">The absolute path of the output folder.</param>
    /// <param name="settings">Complete ones.</param>
    /// <param name="isChain">Whether their model is a chain of several.</param>
    /// <param name="further">Further options, with their values.</param>
    public static FleetJob Job(string input, string folder, JobSettings settings, bool isChain, params IEnumerable<string> further)
    {
        List<string> options = [.. further, $"--out={folder}"];
        if (isChain)
        {
            options.Add($"--chain={settings.Model}");
        }

        if (settings.Stems is { } stems)
        {
            options.Add($"--stems={string.Join(',', stems)}");
        }

        if (settings.TwoStems is { } stem)
        {
            options.Add($"--two-stems={stem}");
        }

        if (settings.OtherMethod is { } rest and not "add")
        {
            options.Add($"--other-method={rest}");
        }

        if (settings.ExactSum)
        {
            options.Add("--exact-sum");
        }

        if (settings.Residual is { } residual)
        {
            options.Add($"--residual={residual}");
        }

        if (settings.SampleFormat is "pcm24" or "float32")
        {
            options.Add(settings.SampleFormat == "pcm24" ? "--int24" : "--float32");
        }

        if (settings.ClipMode is { } mode and not "rescale")
        {
            options.Add($"--clip-mode={mode}");
        }

        if (settings.Shifts is { } shifts and > 1)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"--shifts={shifts}"));
        }

        if (settings.Overlap is { } overlap)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"--overlap={overlap}"));
        }

        return new FleetJob(input, settings.Model!, "", [.. options.OrderBy(option => option.Split('=')[0], StringComparer.Ordinal)]);
    }
}
