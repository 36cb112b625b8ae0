using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Audio;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>
/// Nothing but .NET: no search path, no FFmpeg, no variable but the home folder. <see cref="SelfContainedTests"/> try builds that need no .NET
/// either.
/// </summary>
public sealed class EmptiedEnvironmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task EveryFormatThatIsReadInsideBecomesStems()
    {
        string[] songs = [.. ((string[])["v2.mp3", "q5.ogg", "stereo.opus", "ffmpeg-16.flac", "16.aiff", "16.caf", "16.w64", "plain.wav"]).Select(name => RepositoryFiles.Golden("media", name))];
        (int code, string output, string error) = await RunAsync([.. songs, "--model", "demo", "--stems", "vocals", "--flac", "-o", _folder.Combine("out"), "--json", "--filename", "{track}.{trackext}.{ext}"]);
        Assert.True(code == 0, error);
        JsonElement[] tracks = [.. JsonDocument.Parse(output).RootElement.GetProperty("tracks").EnumerateArray()];
        Assert.Equal(songs.Length, tracks.Length);
        foreach (JsonElement track in tracks)
        {
            Assert.Equal("done", track.GetProperty("status").GetString());
            using AudioSource stem = AudioSource.Open(track.GetProperty("files")[0].GetProperty("path").GetString()!);
            Assert.True(stem.Info.EstimatedLength > 0);
        }
    }

    [LinuxFact]
    public async Task WhatNeedsFFmpegIsOneLineBeforeTheWork()
    {
        (int code, _, string error) = await RunAsync("separate", RepositoryFiles.Golden("media", "v2.mp3"), "--model", "demo", "--mp3", "-o", _folder.Combine("out"));
        Assert.Equal(6, code);
        string line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("FFmpeg", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Combine("out")));
    }

    [LinuxFact]
    public async Task DoctorSaysThatSeparatingWorks()
    {
        (int code, string output, string error) = await RunAsync("doctor");
        Assert.True(code == 0, output + error);
        Assert.Contains("– FFmpeg", output, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        // The runtime itself is found by the host's path alone.
        string host = Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")!;
        ProcessStartInfo start = new(host, [Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = _folder.Path;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
