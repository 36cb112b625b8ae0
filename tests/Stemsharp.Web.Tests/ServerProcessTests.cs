using System.Security.Cryptography;
using Stemsharp.Client;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed class ServerProcessTests
{
    [Fact]
    public async Task A_server_that_is_killed_loses_no_job_and_no_bit()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string song, running, queued;
            string[] undisturbed;
            using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                using FileStream mix = File.OpenRead(RepositoryFiles.Sample("song", "mix.wav"));
                song = (await server.Client.UploadAsync("mix.wav", mix)).Id;
                Job done = await server.Client.CreateJobAsync(new NewJob(song));
                done = await server.Client.WaitForJobAsync(done.Id);
                Assert.Equal((JobState.Done, null), (done.State, done.Error));
                undisturbed = await HashesAsync(server, done);
                running = (await server.Client.CreateJobAsync(new NewJob(song))).Id;
                queued = (await server.Client.CreateJobAsync(new NewJob(song) { Settings = new JobSettings { Stems = ["vocals"] } })).Id;
                await foreach (ServerEvent happened in server.Client.WatchAsync())
                {
                    if (happened.Job?.Id == running && happened.Job.Progress?.PlayableFrames > 0)
                    {
                        break;
                    }
                }
                await server.KillAsync();
            }
            // Once more, at another place: while the stems are written if that can be caught, or else just behind it.
            using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                await foreach (ServerEvent happened in server.Client.WatchAsync())
                {
                    Job? seen = happened.Job ?? happened.Jobs?.FirstOrDefault(job => job.Id == running);
                    if (seen?.Id == running && (seen.State == JobState.Done || seen.Progress?.Step == JobStep.Writing))
                    {
                        break;
                    }
                }
                await server.KillAsync();
            }
            using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                Job job = await server.Client.WaitForJobAsync(running);
                Assert.Equal(JobState.Done, job.State);
                Assert.Equal(undisturbed, await HashesAsync(server, job));
                job = await server.Client.WaitForJobAsync(queued);
                Assert.Equal((JobState.Done, 1), (job.State, job.Audio!.Stems.Count));
                Assert.Equal(0, await server.EndInputAsync());
            }
            Assert.Empty(Directory.EnumerateDirectories(folder, "work", SearchOption.AllDirectories));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_browser_gets_the_token_where_nobody_else_sees_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName, programs = Directory.CreateTempSubdirectory("stemsharp-programs-").FullName;
        try
        {
            string opener = Path.Combine(programs, "xdg-open"), opened = Path.Combine(programs, "opened");
            await File.WriteAllTextAsync(opener, $"#!/bin/sh\necho \"$@\" > '{opened}.new'\nmv '{opened}.new' '{opened}'\n");
            File.SetUnixFileMode(opener, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using ServerProcess server = await ServerProcess.StartAsync(folder, programs: programs);
            await TestServer.UntilAsync("the page was opened", () => File.Exists(opened));
            // What a program is started with can be seen by every user of the machine.
            string file = (await File.ReadAllTextAsync(opened)).Trim();
            Assert.Equal(Path.Combine(folder, "open.html"), file);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Contains($"url={server.PageAddress}\"", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
            Assert.Equal(0, await server.EndInputAsync());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(programs, recursive: true);
        }
    }

    // The variable may name the program or its folder.
    [Fact]
    public Task FFmpeg_is_found_where_the_library_finds_it() => OperatingSystem.IsWindows() ? Task.CompletedTask : FindAsync(isFFmpeg: true);

    [Fact]
    public async Task A_program_of_that_name_that_is_not_FFmpeg_writes_nothing()
    {
        if (!OperatingSystem.IsWindows())
        {
            await FindAsync(isFFmpeg: false);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static async Task FindAsync(bool isFFmpeg)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName, programs = Directory.CreateTempSubdirectory("stemsharp-programs-").FullName;
        try
        {
            string ffmpeg = isFFmpeg ? FakeFFmpeg.Make(programs, FakeFFmpeg.Encodes) : FakeFFmpeg.Write(Path.Combine(programs, "ffmpeg"), "exit 0");
            string found = isFFmpeg ? programs : ffmpeg;
            using ServerProcess server = await ServerProcess.StartAsync(folder, environment: new Dictionary<string, string> { ["STEMSHARP_FFMPEG"] = found });
            Assert.Equal(isFFmpeg ? ["wav", "flac", "mp3"] : ["wav"], (await server.Client.GetServerAsync()).Encoders);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(programs, recursive: true);
        }
    }

    private static async Task<string[]> HashesAsync(ServerProcess server, Job job)
    {
        List<string> hashes = [];
        foreach (string stem in job.Audio!.Stems)
        {
            using Stream stream = await server.Client.OpenStemAsync(job.Id, stem);
            hashes.Add(Convert.ToHexString(await SHA256.HashDataAsync(stream)));
        }
        return [.. hashes];
    }
}
