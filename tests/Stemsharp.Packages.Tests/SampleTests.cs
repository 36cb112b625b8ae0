using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Runs the programs of samples/ as their users do.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly string s_song = RepositoryFiles.Sample("song", "mix.wav");
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_console_program_writes_stems_and_says_what_is_wrong()
    {
        (int code, string output) = await RunAsync("console", "Stems", s_song, _folder);
        Assert.Equal(0, code);
        Assert.Equal(6, Directory.GetFiles(_folder, "*.wav", SearchOption.AllDirectories).Length);
        Assert.Contains("vocals\t", output, StringComparison.Ordinal);
        (code, output) = await RunAsync("console", "Stems", Path.Combine(_folder, "no.wav"));
        Assert.Equal(1, code);
        Assert.Contains("does not exist", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_api_takes_a_song_and_gives_its_stems()
    {
        using Process server = Start("dotnet", Program("web", "StemsApi"), "--urls", "http://127.0.0.1:0");
        try
        {
            string address = await LineAsync(server, "Now listening on: ");
            using HttpClient client = new() { BaseAddress = new Uri(address) };
            Assert.Equal("Healthy", await client.GetStringAsync("/health"));
            using HttpResponseMessage accepted = await client.PostAsync("/songs", new ByteArrayContent(await File.ReadAllBytesAsync(s_song)));
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            JsonElement song;
            do
            {
                await Task.Delay(50);
                song = JsonDocument.Parse(await client.GetStringAsync(accepted.Headers.Location)).RootElement;
            }
            while (song.GetProperty("state").GetString() is "waiting" or "separating");

            Assert.Equal("done", song.GetProperty("state").GetString());
            Assert.Equal(6, song.GetProperty("stems").GetArrayLength());
            Assert.StartsWith("RIFF", Encoding.ASCII.GetString(await client.GetByteArrayAsync($"{accepted.Headers.Location}/stems/vocals")), StringComparison.Ordinal);

            using HttpResponseMessage words = await client.PostAsync("/songs", new StringContent("no song"));
            do
            {
                await Task.Delay(50);
                song = JsonDocument.Parse(await client.GetStringAsync(words.Headers.Location)).RootElement;
            }
            while (song.GetProperty("state").GetString() is "waiting" or "separating");

            Assert.StartsWith("failed: ", song.GetProperty("state").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
        }
    }

    [Fact]
    public async Task The_worker_separates_what_is_laid_into_its_inbox()
    {
        string inbox = Path.Combine(_folder, "in"), outbox = Path.Combine(_folder, "out");
        Directory.CreateDirectory(inbox);
        File.Copy(s_song, Path.Combine(inbox, "a song.wav"));
        await File.WriteAllTextAsync(Path.Combine(inbox, "words.wav"), "no song");
        using Process worker = Start("dotnet", Program("worker", "StemsWorker"), $"--Inbox={inbox}", $"--Outbox={outbox}");
        try
        {
            while (!File.Exists(Path.Combine(inbox, "done", "a song.wav")) || !File.Exists(Path.Combine(inbox, "failed", "words.wav")))
            {
                Assert.False(worker.HasExited);
                await Task.Delay(50);
            }
        }
        finally
        {
            worker.Kill();
        }

        Assert.Equal(6, Directory.GetFiles(Path.Combine(outbox, "demo", "a song"), "*.wav").Length);
    }

    internal static string Program(string folder, string name) => Path.Combine(RepositoryFiles.Sample(folder), Built(name));

    /// <summary>Where a project's program lies in its folder, built as these tests are.</summary>
    internal static string Built(string name) =>
        Path.Combine("bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)))!, "net10.0", $"{name}.dll");

    private static Task<(int Code, string Output)> RunAsync(string folder, string name, params string[] arguments) =>
        EndAsync(Start("dotnet", [Program(folder, name), .. arguments]));

    internal static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<(int Code, string Output)> EndAsync(Process process)
    {
        using Process owned = process;
        Task<string> output = owned.StandardOutput.ReadToEndAsync(), error = owned.StandardError.ReadToEndAsync();
        await owned.WaitForExitAsync();
        return (owned.ExitCode, await output + await error);
    }

    internal static async Task<string> LineAsync(Process process, string start)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            int found = line.IndexOf(start, StringComparison.Ordinal);
            if (found >= 0)
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return line[(found + start.Length)..];
            }
        }

        throw new InvalidOperationException($"The program ended without saying '{start}': {await process.StandardError.ReadToEndAsync()}");
    }
}
