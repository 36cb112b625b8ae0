using Spectre.Console;
using Spectre.Console.Rendering;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
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
    private BatchClock _clock = new(0);
    private int _tracks;

    internal LiveView(TextWriter error)
        : this(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) }))
    {
    }

    internal LiveView(IAnsiConsole console) => _console = console;

    public void Begin(int tracks, string model, string folder)
    {
        _tracks = tracks;
        _clock = new BatchClock(tracks);
        if (folder != "-")
        {
            _console.MarkupLineInterpolated($"Stems go to [bold]{folder}[/]");
        }

        StatusLine.HasBar = true;
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
            _batch = display.AddTask($"{tracks} tracks", maxValue: 1);
        }
        // One bar serves all tracks in turn: a thousand finished bars would help nobody.
        _track = display.AddTask("starting", maxValue: 1);
    }

    public ITrackView Track(int index, Track track)
    {
        string name = Path.GetFileName(track.Shown), label = _tracks > 1 ? $"{index + 1}. {name}" : name;
        _track!.Description = Markup.Escape(label.Length <= 40 ? label : string.Concat(label.AsSpan(0, 39), "…"));
        return new TrackView(this, index);
    }

    public void Length(int index, double seconds) => _clock.Length(index, seconds);

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
        StatusLine.HasBar = false;
    }

    private void Show(in TrackProgress progress)
    {
        string left = progress.Remaining is { } remaining && progress.Fraction < 1 ? Left(remaining) : progress.Phase;
        DetailColumn.Show(_track!, $"{left}  {Words.Speed(progress.Speed)}");
        // A bar at its maximum counts as finished and could not start again for the next track.
        _track!.Value = Math.Min(0.9999, progress.Fraction);
        if (_batch is { } batch)
        {
            batch.Value = Math.Min(0.9999, _clock.Fraction);
            DetailColumn.Show(batch, _clock.Remaining is { } all ? Left(all) : "");
        }
    }

    private static string Left(TimeSpan time) => $"{Words.Duration(time)} left";

    private sealed class TrackView(LiveView view, int index) : ITrackView
    {
        public void Report(in TrackProgress progress)
        {
            view._clock.Report(index, progress);
            view.Show(progress);
        }

        public void End(TrackOutcome outcome)
        {
            view._clock.End(index, outcome);
            view.Show(new TrackProgress("", 1, 0, TimeSpan.Zero));
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

    /// <summary>Time left, and a track's speed.</summary>
    private sealed class DetailColumn : ProgressColumn
    {
        private const string Key = "detail";

        protected override bool NoWrap => true;

        internal static void Show(ProgressTask task, string detail) => task.State.Update<Detail>(Key, _ => new Detail(detail));

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Spectre.Console.Text(task.State.Get<Detail>(Key).Text ?? "");

        // The state keeps values only.
        private readonly record struct Detail(string Text);
    }
}
