using System.Diagnostics;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Tests.Storage;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>The examples of docs/fleet.md do what they say, in their order, on a real server.</summary>
public sealed class DocumentationTests(SharedServer server) : IClassFixture<SharedServer>
{
    [ToolFact("nats-server")]
    public async Task Every_example_runs()
    {
        using TemporaryFolder folder = new();
        Songs.Make(folder.Combine("song.wav"), 1);
        Songs.Make(folder.Combine("album", "one.wav"), 1);
        Songs.Make(folder.Combine("album", "disc 2", "two.wav"), 1);
        folder.Make("tracks.jsonl", "song.wav\n{\"input\":\"album/one.wav\",\"stems\":[\"vocals\"],\"out\":\"listed\"}\n");
        Directory.CreateDirectory(folder.Combine("models"));
        string queue = await server.NewAsync();
        byte[] song = File.ReadAllBytes(folder.Combine("song.wav"));
        using CuttingServer web = new(call => call.Method == "GET" ? CuttingServer.File(call, song, "\"v\"", null) : Answer.Plain("200 OK"));
        string[] examples =
        [
            .. File.ReadAllText(RepositoryFiles.At("docs", "fleet.md")).Split("```sh\n").Skip(1).SelectMany(p => p[..p.IndexOf("```", StringComparison.Ordinal)].Split('\n', StringSplitOptions.RemoveEmptyEntries)),
        ];
        Assert.True(examples.Length > 10);
        foreach (string example in examples)
        {
            string tool = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}'";
            string line = example.Replace("stemsharp ", tool + " ", StringComparison.Ordinal).Replace("nats://queue.example:4222", queue, StringComparison.Ordinal).Replace("https://songs.example", web.Url, StringComparison.Ordinal);
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { WorkingDirectory = folder.Path, RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{example}: {process.ExitCode} {await output} {error}");
        }

        Assert.Single(web.Calls, c => c is { Method: "PUT", Target: "/stems/one.wav?signature=def", Body.Length: > 10_000 });
        Assert.Equal(
            ["fetched/demo/disc 2/two/drums.wav", "fetched/demo/one/drums.wav", "fetched/demo/song/drums.wav", "listed/demo/one/vocals.wav", "mine/demo/song/drums.wav", "stems/demo/disc 2/two/drums.wav", "stems/demo/one/drums.wav", "stems/demo/song/drums.wav"],
            Directory.EnumerateFiles(folder.Path, "*.wav", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.Path, f))
                .Where(f => f.EndsWith("drums.wav", StringComparison.Ordinal) || f.StartsWith("listed", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }
}
