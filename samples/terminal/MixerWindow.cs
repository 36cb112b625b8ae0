using System.Collections.ObjectModel;
using Stemsharp.Audio;
using Terminal.Gui.App;
using Terminal.Gui.ViewBase;
using Terminal.Gui.Views;

namespace Stemsharp.Samples;

/// <summary>Songs on the left, levels on the right, progress below. The separation runs beside the window and tells it through the application's loop.</summary>
internal sealed class MixerWindow : Window
{
    private static readonly string[] s_extensions = [".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".m4a"];

    private readonly IApplication _app;
    private readonly Separator _separator;
    private readonly string _folder;
    private readonly ListView _songs = new() { Width = Dim.Fill(), Height = Dim.Fill(), ShowMarks = true, MarkMultiple = true };
    private readonly Dictionary<string, NumericUpDown<int>> _levels = [];
    private readonly Button _separate = new() { Text = "_Separate", X = 1, Y = Pos.AnchorEnd(3) };
    private readonly Button _mix = new() { Text = "_Mix into a file", X = 16, Y = Pos.AnchorEnd(3), Enabled = false };
    private readonly ProgressBar _progress = new() { X = 1, Y = Pos.AnchorEnd(2), Width = Dim.Fill(1) };
    private readonly Label _status = new() { X = 1, Y = Pos.AnchorEnd(1), Width = Dim.Fill(1), Text = "Space chooses songs, Alt and a letter goes to a level, arrows change it, Esc ends" };
    private readonly ObservableCollection<string> _names;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<SeparatedFiles> _made = [];
    private Task _work = Task.CompletedTask;

    public MixerWindow(IApplication app, Separator separator, string folder)
    {
        (_app, _separator, _folder) = (app, separator, folder);
        Title = $"Stemsharp: {separator.Model}";
        _names = [.. Directory.EnumerateFiles(folder).Where(file => s_extensions.Contains(Path.GetExtension(file).ToLowerInvariant())).Select(file => Path.GetFileName(file)).Order()];
        _songs.SetSource(_names);
        _songs.SelectedItem = _names.Count > 0 ? 0 : null;
        FrameView songs = new() { Title = "Songs", Width = Dim.Percent(60), Height = Dim.Fill(4) };
        songs.Add(_songs);
        FrameView levels = new() { Title = "Levels, %", X = Pos.Right(songs), Width = Dim.Fill(), Height = Dim.Fill(4) };
        foreach (string stem in separator.Stems)
        {
            int row = _levels.Count;
            NumericUpDown<int> level = new() { X = 12, Y = row, Value = 100, Increment = 10 };
            level.ValueChanging += (_, change) => change.Handled = change.NewValue is < 0 or > 200;
            _levels.Add(stem, level);
            levels.Add(new Label { X = 1, Y = row, Text = "_" + stem }, level);
        }

        _separate.Accepting += (_, click) =>
        {
            click.Handled = true;
            Start(SeparateAsync);
        };
        _mix.Accepting += (_, click) =>
        {
            click.Handled = true;
            Start(MixAsync);
        };
        Add(songs, levels, _separate, _mix, _progress, _status);
    }

    /// <summary>Ends what is still at work.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    protected override void Dispose(bool disposing)
    {
        _stop.Dispose();
        base.Dispose(disposing);
    }

    private void Start(Func<Task> work)
    {
        if (_work.IsCompleted)
        {
            _separate.Enabled = _mix.Enabled = false;
            _work = RunAsync(work);
        }
    }

    private async Task RunAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StemsharpException error)
        {
            Show(error.Message);
        }
        catch (OperationCanceledException)
        {
            // The window is closed.
        }

        _app.Invoke(() => (_separate.Enabled, _mix.Enabled) = (true, _made.Count > 0));
    }

    private async Task SeparateAsync()
    {
        string[] chosen = [.. _songs.GetAllMarkedItems().Select(index => _names[index])];
        if (chosen.Length == 0)
        {
            Show("No song is chosen: Space chooses one");
            // When the button is done with the key, which gives it the focus.
            _app.AddTimeout(TimeSpan.Zero, () =>
            {
                _songs.SetFocus();
                return false;
            });
            return;
        }

        _made.Clear();
        StemFileOptions files = new() { Encoding = new EncodingOptions { Format = AudioFormat.Wav, SampleFormat = SampleFormat.Float32 } };
        foreach (string song in chosen)
        {
            Told progress = new(p => _app.Invoke(() =>
            {
                _progress.Fraction = (float)p.Fraction;
                _status.Text = $"{song}: {p.Percent:F0} %{(p.Remaining is { } left ? $", {left:mm\\:ss} to go" : "")}";
            }));
            _made.Add(await Task.Run(() => _separator.SeparateToFilesAsync(
                Path.Combine(_folder, song), Path.Combine(_folder, "stems"), files, progress: progress, cancellationToken: _stop.Token)));
        }

        Show($"Separated: {chosen.Length} of {_names.Count}. Now levels, then Mix");
    }

    private async Task MixAsync()
    {
        Dictionary<string, int> levels = _levels.ToDictionary(level => level.Key, level => level.Value.Value);
        foreach (SeparatedFiles made in _made)
        {
            string folder = Path.GetDirectoryName(made.Files.Values.First())!, path = Path.Combine(_folder, "mixes", Path.GetFileName(folder) + ".wav");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await Task.Run(() => StemMix.Write([.. made.Files.Select(file => (file.Value, levels[file.Key]))], path));
        }

        Show($"Mixed into {Path.Combine(_folder, "mixes")}");
    }

    private void Show(string status) => _app.Invoke(() => _status.Text = status);

    /// <summary>Tells at once, on the thread that reports.</summary>
    private sealed class Told(Action<SeparationProgress> tell) : IProgress<SeparationProgress>
    {
        public void Report(SeparationProgress value) => tell(value);
    }
}
