using Spectre.Console;
using Spectre.Console.Rendering;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>A bar for the track, and one for the batch, that move in place on a terminal.</summary>
internal sealed class LiveView : IBatchView
{
    private readonly IAnsiConsole _console;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _display = Task.CompletedTask;
    private ProgressTask? _track;
    private ProgressTask? _batch;
    private int _tracks;

    internal LiveView(TextWriter error)
        : this(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) }))
    {
    }

    internal LiveView(IAnsiConsole console) => _console = console;

    public void Begin(int tracks, string model, string folder)
    {
        _tracks = tracks;
        if (folder != "-")
        {
            _console.MarkupLineInterpolated($"Stems go to [bold]{folder}[/]");
        }

        TaskCompletionSource<ProgressContext> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _display = _console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DetailColumn())
            .StartAsync(async context =>
            {
                started.SetResult(context);
                await _over.Task.ConfigureAwait(false);
            });
        ProgressContext display = started.Task.GetAwaiter().GetResult();
        if (tracks > 1)
        {
            _batch = display.AddTask($"{tracks} tracks", maxValue: tracks);
        }
        // One bar serves all tracks in turn: a thousand finished bars would help nobody.
        _track = display.AddTask("starting", maxValue: 1);
    }

    public ITrackView Track(int index, string name)
    {
        string label = _tracks > 1 ? $"{index + 1}. {Path.GetFileName(name)}" : Path.GetFileName(name);
        _track!.Description = Markup.Escape(label.Length <= 40 ? label : string.Concat(label.AsSpan(0, 39), "…"));
        return new TrackView(this, index);
    }

    public void Note(string message) => _console.MarkupLineInterpolated($"[grey]{message}[/]");

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode)
    {
        StopDisplay();
        if (outcomes.Count > 1)
        {
            _console.MarkupLineInterpolated($"{OutcomeWords.Summary(outcomes, elapsed)}");
        }
    }

    public void Dispose() => StopDisplay();

    private void StopDisplay()
    {
        _over.TrySetResult();
        _display.GetAwaiter().GetResult();
    }

    private void Show(int index, in TrackProgress progress)
    {
        TrackProgress copy = progress;
        _track!.State.Update<TrackProgress>(DetailColumn.Key, _ => copy);
        // A bar at its maximum counts as finished and could not start again for the next track.
        _track.Value = Math.Min(0.9999, progress.Fraction);
        if (_batch is { } batch)
        {
            batch.Value = Math.Min(_tracks - 0.0001, index + progress.Fraction);
        }
    }

    private sealed class TrackView(LiveView view, int index) : ITrackView
    {
        public void Report(in TrackProgress progress) => view.Show(index, progress);

        public void End(TrackOutcome outcome)
        {
            view.Show(index, new TrackProgress("", 1, 0, TimeSpan.Zero));
            string text = OutcomeWords.Of(outcome);
            FormattableString line = outcome.Status switch
            {
                TrackStatus.Failed => $"[red]failed[/]  {text}",
                TrackStatus.Skipped => $"[grey]skipped {text}[/]",
                _ => $"[green]done[/]    {text}",
            };
            view._console.MarkupLineInterpolated(line);
            if (outcome.NullDecibels is { } nulls)
            {
                view._console.MarkupLineInterpolated($"        {Words.Null(nulls)}");
            }

            foreach (string warning in outcome.Warnings)
            {
                view._console.MarkupLineInterpolated($"[yellow]note[/]    {warning}");
            }
        }
    }

    /// <summary>Time left and speed of the track.</summary>
    private sealed class DetailColumn : ProgressColumn
    {
        internal const string Key = "progress";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            TrackProgress progress = task.State.Get<TrackProgress>(Key);
            string left = progress.Remaining is { } remaining && progress.Fraction < 1
                ? $"{Words.Duration(remaining)} left"
                : progress.Phase ?? "";
            return new Spectre.Console.Text($"{left}  {Words.Speed(progress.Speed)}");
        }
    }
}
