using System.CommandLine;
using System.Diagnostics;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Separating;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp separate</c>: takes songs apart.</summary>
internal static class SeparateCommand
{
    internal static Command Create()
    {
        SeparateOptions options = new();
        Command command = new("separate", "Take songs apart into stems: OUT/MODEL/TRACK/STEM.wav.");
        options.AddWork(command);
        options.AddRun(command);
        command.SetAction((line, cancellationToken) => RunOrSayWhyAsync(line, options, cancellationToken));
        return command;
    }

    /// <summary>Whoever reads JSON lines gets what ends the run as one of them, in place of the text.</summary>
    private static async Task<int> RunOrSayWhyAsync(ParseResult line, SeparateOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(line, options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (line.GetValue(options.Progress) == BatchViews.Json && exception is not OutOfMemoryException)
        {
            (int code, string message) = CommandLineHost.Describe(exception, cancellationToken);
            new JsonLines(line.InvocationConfiguration.Error).Error(code, message);
            if (line.GetValue(options.Json))
            {
                line.InvocationConfiguration.Output.WriteLine(ErrorJson.Of(code, message));
            }

            return code;
        }
    }

    private static async Task<int> RunAsync(ParseResult line, SeparateOptions options, CancellationToken cancellationToken)
    {
        TextWriter error = line.InvocationConfiguration.Error;
        TextWriter output = line.InvocationConfiguration.Output;
        if (line.GetValue(options.ListModels))
        {
            Models.ListModelsCommand.Write(Catalogs.Create(offline: true), null, output, line.GetValue(options.Json));
            return ExitCode.Success;
        }

        SeparateRequest request = SeparateRequests.From(line, options);
        if (request.Inputs.Count == 0 && request.List is null)
        {
            throw new OptionException("no input; name audio files, folders, patterns, playlists, a list with --list, or - for standard input.");
        }

        if (request.ToStandardOutput && !Console.IsOutputRedirected)
        {
            throw new OptionException("-o - writes sound to standard output, which is a terminal here; pipe it into a program or a file, or name a folder.");
        }

        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<BatchPart> parts = Parts(line, options, request);
        // Whoever reads JSON lines answers no question.
        ModelCatalog catalog = Catalogs.Create(request.Offline, request.AcceptLicence, ask: request.Progress != BatchViews.Json);
        using ReportFile? report = request.Report is { } file ? ReportFile.Open(file, request.Shard) : null;
        using MemoryLimit memory = new(request.MaxMemory, cancellationToken);
        using IBatchView view = BatchViews.Create(request.Progress, request.Quiet, error);
        List<TrackOutcome> outcomes = [];
        Dictionary<string, (SeparateRequest Request, Track Track)> taken = [];
        string? name = null;
        foreach (BatchPart part in parts)
        {
            // The next part's model may have to be fetched, which shows itself.
            request.Notes.View = null;
            await using StemSeparator separator = await Separators.OpenAsync(
                part.Request, catalog, BatchViews.Downloads(request.Progress, request.Quiet, error), cancellationToken).ConfigureAwait(false);
            Preflight.Check(part.Request, separator);
            SeparateRequest fitted = await MemoryLimit.FitAsync(part.Request, separator, part.Inputs, cancellationToken).ConfigureAwait(false);
            request.Notes.View = view;
            if (name is null)
            {
                name = separator.Model;
                view.Begin(parts.Sum(p => p.Count), name, request.ToStandardOutput ? "-" : Path.GetFullPath(fitted.Root(name)));
            }

            int before = outcomes.Count;
            using ReportedView told = new(view, report, separator.Model);
            outcomes.AddRange(await memory.RunAsync(
                token => request.ToStandardOutput
                    ? RunPipeAsync(fitted, separator, part.Inputs, told, token)
                    : RunBatchAsync(fitted, separator, part.Inputs, told, taken, before, token)).ConfigureAwait(false));
            if (outcomes.Count < before + part.Count)
            {
                view.Note($"The disk is full: {parts.Sum(p => p.Count) - outcomes.Count} tracks were not begun.");
                break;
            }
        }

        int exitCode = TrackOutcome.ExitCodeOf(outcomes);
        view.End(outcomes, Stopwatch.GetElapsedTime(began), exitCode);
        if (request.Json)
        {
            output.WriteLine(ResultJson.Of(request, name ?? request.Separator.Model, outcomes, Stopwatch.GetElapsedTime(began), exitCode));
        }

        return exitCode;
    }

    /// <summary>The command line's tracks, or the list's, or the share of them that is to be done.</summary>
    private static IReadOnlyList<BatchPart> Parts(ParseResult line, SeparateOptions options, SeparateRequest request)
    {
        if (request.List is null)
        {
            return [new BatchPart(request, InputExpansion.Expand(request.Inputs, request.OutputFolder))];
        }

        IReadOnlyList<ListedTrack> all = TrackList.Read(request.List);
        IReadOnlyList<ListedTrack> own = request.Shard is { } shard ? [.. all.Where(t => shard.Has(t.Input))] : all;
        if (request.Shard is { } share && !request.Quiet)
        {
            request.Notes.Report($"shard {share.Index} of {share.Count}: {own.Count} of {all.Count} tracks");
        }

        return ListParts.Of(line, options, request, own);
    }

    private static async Task<List<TrackOutcome>> RunPipeAsync(
        SeparateRequest request, StemSeparator separator, InputExpansion inputs, IBatchView view, CancellationToken cancellationToken)
    {
        using Stream stream = Console.OpenStandardOutput();
        return [await new PipeRun(request, separator, view).RunAsync(Preflight.OnlyTrack(inputs), stream, cancellationToken).ConfigureAwait(false)];
    }

    private static async Task<List<TrackOutcome>> RunBatchAsync(
        SeparateRequest request, StemSeparator separator, InputExpansion inputs, IBatchView view,
        Dictionary<string, (SeparateRequest Request, Track Track)> taken, int index, CancellationToken cancellationToken)
    {
        BatchRun batch = new(request, separator, view, taken);
        try
        {
            await batch.RunAsync(inputs, index, cancellationToken).ConfigureAwait(false);
        }
        catch (OutputException exception) when (exception.IsDiskFull)
        {
            // What was not begun is told by who asked.
        }

        return [.. batch.Outcomes];
    }
}
