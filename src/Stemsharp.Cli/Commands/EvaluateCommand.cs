using System.CommandLine;
using System.Text;
using Stemsharp.Audio;
using Stemsharp.Backends;
using Stemsharp.Cli.Evaluation;
using Stemsharp.Cli.Evaluation.Reports;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp evaluate</c>: judges a model, or stems separated before, on a folder of tracks.</summary>
internal static class EvaluateCommand
{
    internal static Command Create()
    {
        Argument<string> references = new("DIR")
        {
            Description = "Tracks laid out as MUSDB18-HQ is (TRACK/mixture.wav, TRACK/vocals.wav, …), one or two levels down, or a single track's folder.",
        };
        Option<string?> estimates = new("--estimates") { Description = "Judge the stems in this folder (TRACK/STEM.wav) instead of separating now.", HelpName = "DIR" };
        Option<string> model = ModelOptions.Model();
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Option<string?> save = new("--save-stems") { Description = "Keep the separated stems in this folder, as 32-bit float WAV.", HelpName = "DIR" };
        Option<int> shifts = new("--shifts") { Description = "Average this many shifted runs." };
        Option<double?> overlap = new("--overlap") { Description = "Overlap of the segments; default the model's own." };
        Option<int> threads = new("--threads") { Description = "Threads to compute with; 0 for one per processor." };
        EngineOptions engine = new();
        Option<string?> csv = new("--csv") { Description = "Write a row for each track and stem.", HelpName = "FILE" };
        Option<bool> json = ModelsCommand.Json("Write everything, frame by frame, as one JSON object to standard output, in place of the table.");
        Option<string?> html = new("--html") { Description = "Write a page with box plots, waveforms and spectrograms; it opens offline.", HelpName = "FILE" };
        Option<double> window = new("--window") { Description = "Length of a frame in seconds.", DefaultValueFactory = _ => new EvaluationOptions().Window };
        Option<double> hop = new("--hop") { Description = "Seconds from frame to frame.", DefaultValueFactory = _ => new EvaluationOptions().Hop };
        Option<bool> sdrOnly = new("--sdr-only") { Description = "Leave out ISR, SIR and SAR, which take nearly all of the scoring's time." };
        Option<bool> quiet = new("--quiet", "-q") { Description = "No progress." };
        Command command = new("evaluate", "Judges separated stems against the true ones: SDR, ISR, SIR, SAR (BSS eval v4, as museval), SI-SDR.")
        {
            references, estimates, model, repository, offline, save, shifts, overlap, threads, csv, json, html, window, hop, sdrOnly, quiet,
        };
        foreach (Option option in engine.OfOneEngine)
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            EvaluationOptions options = new() { Window = parsed.GetValue(window), Hop = parsed.GetValue(hop), Decompose = !parsed.GetValue(sdrOnly) };
            options.Validate();
            string folder = parsed.GetRequiredValue(references);
            List<string> passedOver = [];
            IReadOnlyList<TrackFolder> tracks = TrackFolder.Find(folder, passedOver);
            foreach (string note in passedOver)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"stemsharp: {note}").ConfigureAwait(false);
            }

            (string? csvFile, string? htmlFile) = (parsed.GetValue(csv), parsed.GetValue(html));
            foreach (string file in new[] { csvFile, htmlFile }.OfType<string>())
            {
                CheckWritable(file);
            }

            TextWriter output = parsed.InvocationConfiguration.Output;
            TextWriter error = parsed.InvocationConfiguration.Error;
            UselessOptions[] useless =
            [
                new([model, repository, offline, save, shifts, overlap, threads, .. engine.OfOneEngine], "with --estimates: nothing is separated.", parsed.GetValue(estimates) is not null),
            ];
            Notes notes = new(error, json: false, parsed.GetValue(quiet));
            foreach (string sentence in UselessOptions.Sentences(parsed, useless))
            {
                notes.Report(sentence);
            }

            await using IEstimates source = parsed.GetValue(estimates) is { } ready
                ? new EstimatesFolder(ready)
                : new ModelEstimates(
                    await Separator.OpenAsync(
                        engine.Read(parsed).Apply(new SeparatorOptions
                        {
                            Model = parsed.GetValue(model)!,
                            ModelFolder = parsed.GetValue(repository),
                            Defaults = new SeparationOptions { Shifts = parsed.GetValue(shifts), Overlap = parsed.GetValue(overlap) },
                            Threads = parsed.GetValue(threads),
                            ReleaseMemory = true,
                            Preload = false,
                            Notices = notes,
                        }),
                        Catalogs.Create(parsed.GetValue(offline)),
                        new DownloadView(error, parsed.GetValue(quiet)),
                        cancellationToken).ConfigureAwait(false),
                    parsed.GetValue(save));
            Action<string> progress = parsed.GetValue(quiet) ? _ => { } : error.WriteLine;
            EvaluationRun run = await new EvaluationRunner(source, options, htmlFile is not null, progress)
                .RunAsync(folder, tracks, cancellationToken).ConfigureAwait(false);
            if (run.Tracks.Count == 0)
            {
                throw run.Failures[0].Error;
            }

            if (csvFile is not null)
            {
                WriteFile(csvFile, writer => CsvReport.Write(writer, run));
            }

            if (htmlFile is not null)
            {
                WriteFile(htmlFile, writer => HtmlReport.Write(writer, run));
            }

            if (parsed.GetValue(json))
            {
                await output.WriteLineAsync(JsonText.Object(fields => JsonReport.Write(fields, run), indented: true)).ConfigureAwait(false);
            }
            else
            {
                TableReport.Write(output, run);
            }

            foreach ((string track, Exception failure) in run.Failures)
            {
                await error.WriteLineAsync($"stemsharp: {track}: {failure.Message}").ConfigureAwait(false);
            }

            return run.Failures.Count == 0 ? ExitCode.Success : ExitCode.PartialFailure;
        });
        return command;
    }

    /// <summary>Fails before hours of work, not after.</summary>
    private static void CheckWritable(string path) => OutputErrors.Guard(() => new OutputFile(path).Dispose());

    private static void WriteFile(string path, Action<TextWriter> write) => OutputErrors.Guard(() =>
    {
        using OutputFile file = new(path);
        using (StreamWriter writer = new(file.TemporaryPath, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" })
        {
            write(writer);
        }

        file.Commit();
    });
}
