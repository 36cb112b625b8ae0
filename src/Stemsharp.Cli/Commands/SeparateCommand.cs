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
        if (request.Inputs.Count == 0)
        {
            throw new OptionException("no input; name audio files, folders, patterns, playlists, or - for standard input.");
        }

        if (request.ToStandardOutput && !Console.IsOutputRedirected)
        {
            throw new OptionException("-o - writes sound to standard output, which is a terminal here; pipe it into a program or a file, or name a folder.");
        }

        long began = Stopwatch.GetTimestamp();
        InputExpansion inputs = InputExpansion.Expand(request.Inputs, request.OutputFolder);
        // Whoever reads JSON lines answers no question.
        ModelCatalog catalog = Catalogs.Create(request.Offline, request.AcceptLicence, ask: request.Progress != BatchViews.Json);
        await using StemSeparator separator = await Separators.OpenAsync(
            request, catalog, BatchViews.Downloads(request.Progress, request.Quiet, error), cancellationToken).ConfigureAwait(false);
        Preflight.Check(request, separator);
        request = await MemoryLimit.FitAsync(request, separator, inputs, cancellationToken).ConfigureAwait(false);

        using MemoryLimit memory = new(request.MaxMemory, cancellationToken);
        using IBatchView view = BatchViews.Create(request.Progress, request.Quiet, error);
        request.Notes.View = view;
        List<TrackOutcome> outcomes = await memory.RunAsync(
            token => request.ToStandardOutput
                ? RunPipeAsync(request, separator, inputs, view, token)
                : RunBatchAsync(request, separator, inputs, view, token)).ConfigureAwait(false);
        int exitCode = TrackOutcome.ExitCodeOf(outcomes);
        view.End(outcomes, Stopwatch.GetElapsedTime(began), exitCode);
        if (request.Json)
        {
            output.WriteLine(ResultJson.Of(request, separator.Model, outcomes, Stopwatch.GetElapsedTime(began), exitCode));
        }

        return exitCode;
    }

    private static async Task<List<TrackOutcome>> RunPipeAsync(
        SeparateRequest request, StemSeparator separator, InputExpansion inputs, IBatchView view, CancellationToken cancellationToken)
    {
        view.Begin(1, separator.Model, "-");
        using Stream stream = Console.OpenStandardOutput();
        return [await new PipeRun(request, separator, view).RunAsync(Preflight.OnlyTrack(inputs), stream, cancellationToken).ConfigureAwait(false)];
    }

    private static async Task<List<TrackOutcome>> RunBatchAsync(
        SeparateRequest request, StemSeparator separator, InputExpansion inputs, IBatchView view, CancellationToken cancellationToken)
    {
        BatchRun batch = new(request, separator, view);
        view.Begin(inputs.Tracks.Count + inputs.Rejected.Count, separator.Model, batch.Root);
        try
        {
            await batch.RunAsync(inputs, cancellationToken).ConfigureAwait(false);
        }
        catch (OutputException exception) when (exception.IsDiskFull)
        {
            view.Note($"The disk is full: {inputs.Tracks.Count + inputs.Rejected.Count - batch.Outcomes.Count} tracks were not begun.");
        }

        return [.. batch.Outcomes];
    }
}
