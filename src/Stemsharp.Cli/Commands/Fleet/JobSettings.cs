using System.CommandLine;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Separating;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary>Jobs as options of <c>separate</c>, and back. What is a machine's own, such as its engine, is no part of a job.</summary>
internal sealed class JobSettings
{
    private readonly SeparateOptions _options = new();
    private readonly Command _separate = new("separate");
    private readonly string[] _networks;

    internal JobSettings()
    {
        _options.AddWork(_separate);
        _options.AddRun(_separate);
        _networks = [.. _options.OfSeparator.Select(o => o.Name)];
    }

    /// <summary>What a command line, and the line of a list, say about a track.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="options">Its options.</param>
    /// <param name="own">The track's own, which go before.</param>
    /// <param name="listed">The line of the list, for messages.</param>
    /// <param name="usualOut">Where the stems go if nothing says so; null for the option's own default.</param>
    /// <exception cref="OptionException">A setting that is none, or a machine's.</exception>
    internal static SortedDictionary<string, string?> Of(ParseResult line, SeparateOptions options, IReadOnlyList<(string Option, string? Value)> own, int listed, string? usualOut)
    {
        SortedDictionary<string, string?> settings = new(StringComparer.Ordinal);
        foreach (Option option in options.Settings.Except(options.OfMachine))
        {
            if (line.GetResult(option) is { Implicit: false } given)
            {
                settings[option.Name] = given.Tokens.Count == 0 ? null : string.Join(',', given.Tokens.Select(t => t.Value));
            }
        }

        foreach ((string name, string? value) in own)
        {
            Option option = ListParts.Find(options, name, listed);
            settings[option.Name] = options.OfMachine.Contains(option)
                ? throw new OptionException($"--list, line {listed}: \"{name}\" is up to the worker that does the job; give it to 'stemsharp work'.")
                : value;
        }

        settings[options.Out.Name] = Place(settings.GetValueOrDefault(options.Out.Name) is { Length: > 0 } folder ? folder : usualOut ?? line.GetValue(options.Out)!);
        foreach (Option option in new Option[] { options.Model, options.Chain })
        {
            // Other machines have other working directories.
            if (settings.GetValueOrDefault(option.Name) is { } file && File.Exists(file))
            {
                settings[option.Name] = Path.GetFullPath(file);
            }
        }

        return settings;
    }

    /// <summary>Where a job's stems go: a path, or an address.</summary>
    internal string? OutOf(FleetJob job) =>
        job.Settings.FirstOrDefault(s => s.StartsWith(_options.Out.Name + "=", StringComparison.Ordinal))?[(_options.Out.Name.Length + 1)..];

    /// <summary>A job for a track.</summary>
    /// <param name="input">Its address.</param>
    /// <param name="folder">See <see cref="Track.Folder"/>.</param>
    /// <param name="settings">What <see cref="Of"/> gave.</param>
    /// <param name="put">See <see cref="FleetJob.Put"/>.</param>
    internal FleetJob Job(string input, string folder, SortedDictionary<string, string?> settings, IReadOnlyDictionary<string, string>? put) => new(
        input,
        settings.GetValueOrDefault(_options.Chain.Name) ?? settings.GetValueOrDefault(_options.Model.Name) ?? ModelOptions.DefaultModel,
        folder,
        [.. settings.Where(s => s.Key != _options.Model.Name && (put is null || s.Key != _options.Out.Name)).Select(s => s.Value is null ? s.Key : $"{s.Key}={s.Value}")],
        put);

    /// <summary>A job as a request.</summary>
    /// <param name="job">The job.</param>
    /// <param name="own">The machine's own options.</param>
    /// <param name="notes">Takes what there is to know besides.</param>
    /// <returns>The request, and what tells its networks from those of other jobs.</returns>
    /// <exception cref="OptionException">Settings of another version, or that exclude each other.</exception>
    internal (SeparateRequest Request, string Networks) Request(FleetJob job, IReadOnlyList<string> own, Notes notes)
    {
        string chain = _options.Chain.Name + "=";
        string[] model = job.Settings.Any(s => s.StartsWith(chain, StringComparison.Ordinal)) ? [] : [$"{_options.Model.Name}={job.Model}"];
        ParseResult parsed = _separate.Parse([.. job.Settings, .. model, .. own], new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 || parsed.UnmatchedTokens.Count > 0)
        {
            throw new OptionException($"The job's settings are not understood here: {string.Join(" ", UsageFaults.Of(parsed))}");
        }

        SeparateRequest request = SeparateRequests.From(parsed, _options, notes);
        if (request.ToStandardOutput)
        {
            throw new OptionException("-o - is for 'separate'; name a folder that workers and you see.");
        }

        return (request, string.Join('\n', [job.Model, .. job.Settings.Where(s => _networks.Contains(s.Split('=')[0]))]));
    }

    private static string Place(string folder)
    {
        if (FileAddress.SchemeOf(folder) is null)
        {
            return Path.GetFullPath(folder);
        }

        FileAddress.CheckFolder("--out", folder);
        return folder;
    }
}
