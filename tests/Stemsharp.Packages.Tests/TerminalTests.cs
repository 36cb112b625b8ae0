using System.Diagnostics;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Uses samples/terminal by its keys, on the screen of a tmux of its own.</summary>
public sealed class TerminalTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (File.Exists(Path.Combine(_folder, "tmux")))
        {
            // Fails where the program has ended, and tmux with it.
            _ = await RunAsync("kill-server");
        }

        Directory.Delete(_folder, recursive: true);
    }

    [ToolFact("tmux")]
    public async Task The_terminal_program_separates_what_is_chosen_and_mixes_it_at_its_levels()
    {
        string songs = Directory.CreateDirectory(Path.Combine(_folder, "songs")).FullName;
        File.Copy(RepositoryFiles.Sample("song", "mix.wav"), Path.Combine(songs, "a song.wav"));
        File.Copy(RepositoryFiles.Sample("song", "drums.wav"), Path.Combine(songs, "drums alone.wav"));
        await TmuxAsync("new-session", "-d", "-x", "90", "-y", "24", "dotnet", SampleTests.Program("terminal", "StemsTerminal"), songs);
        await ScreenAsync("☐ drums alone.wav");

        // Too early: the keys go to the list again.
        await KeysAsync("M-s");
        await ScreenAsync("No song is chosen");
        await KeysAsync("Space");
        await ScreenAsync("☑ a song.wav");
        await KeysAsync("M-s");
        string screen = await ScreenAsync("Separated: 1 of 2");
        Assert.Contains("▼100▲", screen, StringComparison.Ordinal);
        await KeysAsync("M-v");
        await KeysAsync([.. Enumerable.Repeat("Down", 12)]);
        Assert.Matches(@"drums +▼100▲", await ScreenAsync("▼0▲"));
        await KeysAsync("M-m");
        await ScreenAsync("Mixed into");
        await KeysAsync("Escape");

        string[] stems = Directory.GetFiles(Path.Combine(songs, "stems", "demo", "a song"), "*.wav");
        Assert.Equal(6, stems.Length);
        float[] expected = new float[Read(stems[0]).Length], mix = Read(Path.Combine(songs, "mixes", "a song.wav"));
        foreach (string stem in stems.Where(stem => Path.GetFileName(stem) != "vocals.wav"))
        {
            float[] samples = Read(stem);
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] += samples[i];
            }
        }

        Assert.Equal(expected.Length, mix.Length);
        Assert.Contains(expected, sample => sample is > 0.1f or < -0.1f);
        Assert.All(expected.Zip(mix), pair => Assert.Equal(Math.Clamp(pair.First, -1, 1), pair.Second, 1e-4f));
    }

    private static float[] Read(string path)
    {
        using IAudioReader reader = AudioFiles.Open(path);
        float[] samples = new float[(int)reader.Length! * reader.Channels];
        int read = 0;
        while (reader.Read(samples.AsSpan(read)) is > 0 and int frames)
        {
            read += frames * reader.Channels;
        }

        Assert.Equal(samples.Length, read);
        return samples;
    }

    private Task<string> KeysAsync(params string[] keys) => TmuxAsync(["send-keys", .. keys]);

    /// <summary>The screen, once it shows a text.</summary>
    private async Task<string> ScreenAsync(string text)
    {
        for (Stopwatch watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            string screen = await TmuxAsync("capture-pane", "-p");
            if (screen.Contains(text, StringComparison.Ordinal))
            {
                return screen;
            }

            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), $"'{text}' does not come:\n{screen}");
        }
    }

    private async Task<string> TmuxAsync(params string[] arguments)
    {
        (int code, string output, string error) = await RunAsync(arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using Process tmux = Process.Start(new ProcessStartInfo("tmux", ["-u", "-f", "/dev/null", "-S", Path.Combine(_folder, "tmux"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = tmux.StandardOutput.ReadToEndAsync(), error = tmux.StandardError.ReadToEndAsync();
        await tmux.WaitForExitAsync();
        return (tmux.ExitCode, await output, await error);
    }
}
