using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Tests;
using Stemsharp.Web.Separation;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed class SeparationTests
{
    [Fact]
    public async Task A_song_becomes_stems()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        Assert.Equal(JobState.Done, job.State);
        Assert.Equal(FakeSeparator.Stems, job.Audio!.Stems);
        Assert.Equal(22_050, job.Audio.Frames);
        Assert.True(job.TimesRealTime > 0);
        // Four stems of 16 bit, with their waveforms and the job's record; nothing of the work on them is left.
        Assert.InRange(job.Bytes, 4 * 88_244, 4 * 88_244 + 4000);

        byte[] vocals = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals");
        // The loudest stem is the song itself, and 16 bit samples on their grid stay what they are.
        Assert.Equal(TestServer.Song()[44..], vocals[^88_200..]);
    }

    [Fact]
    public async Task What_is_odd_about_a_song_is_told_once_and_kept()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Warnings = ["The file is cut short.", "Two of six channels are used."]);
        Job job = await server.SeparateAsync();
        Assert.Equal(["The file is cut short.", "Two of six channels are used."], job.Warnings);
    }

    [Fact]
    public async Task A_cut_file_is_told_when_it_is_decoded()
    {
        await using TestServer server = await TestServer.StartAsync();
        string folder = Directory.CreateTempSubdirectory("stemsharp-cut-").FullName, whole = Path.Combine(folder, "song.flac"), cut = Path.Combine(folder, "cut.flac");
        try
        {
            using (IAudioWriter writer = AudioFiles.Create(whole, 44_100, 1, new EncodingOptions { Format = AudioFormat.Flac }))
            {
                writer.Write([.. Enumerable.Range(0, 44_100).Select(i => MathF.Sin(i * i * 0.0001f) / 2)]);
                writer.Complete();
            }

            File.WriteAllBytes(cut, File.ReadAllBytes(whole)[..^20_000]);
            await using LibrarySeparator separator = new(server.Options);
            Assert.Empty(separator.Decode(whole, folder, default).Warnings);
            Assert.Contains("cut short or damaged", Assert.Single(separator.Decode(cut, folder, default).Warnings, warning => warning.Contains("promises")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_stem_is_served_by_range()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        string address = $"/api/v1/jobs/{job.Id}/stems/bass";
        byte[] whole = await server.Http.GetByteArrayAsync(address);
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.Range = new RangeHeaderValue(1000, 1999);
        using HttpResponseMessage part = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal($"bytes 1000-1999/{whole.Length}", part.Content.Headers.ContentRange!.ToString());
        Assert.Equal(whole[1000..2000], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal("song - bass.wav", part.Content.Headers.ContentDisposition!.FileNameStar);

        using HttpRequestMessage beyond = new(HttpMethod.Get, address);
        beyond.Headers.Range = new RangeHeaderValue(whole.Length, null);
        using HttpResponseMessage none = await server.Http.SendAsync(beyond);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, none.StatusCode);
    }

    [Fact]
    public async Task Stems_can_be_heard_while_the_song_is_separated()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id));
        gate.Release(2);
        job = await server.WaitAsync(job.Id, job => job.Progress?.PlayableFrames == 2 * 4410);
        string address = $"/api/v1/jobs/{job.Id}/stems/vocals";

        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.Range = new RangeHeaderValue(0, 10_000_000);
        using HttpResponseMessage part = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        int header = (await part.Content.ReadAsByteArrayAsync()).AsSpan().IndexOf("data"u8) + 8;
        Assert.Equal(header + 2 * 4410 * 8, part.Content.Headers.ContentLength);
        Assert.Equal(header + 22_050 * 8, part.Content.Headers.ContentRange!.Length);
        Assert.Equal(["level"], part.Headers.GetValues("Stemsharp-Provisional"));

        using HttpRequestMessage ahead = new(HttpMethod.Get, address);
        ahead.Headers.Range = new RangeHeaderValue(header + 2 * 4410 * 8, null);
        using HttpResponseMessage none = await server.Http.SendAsync(ahead);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, none.StatusCode);
        using HttpResponseMessage whole = await server.Http.GetAsync(address);
        Assert.Equal(HttpStatusCode.Conflict, whole.StatusCode);

        byte[] peaks = await server.Http.GetByteArrayAsync(address + "/peaks");
        Assert.Equal(2 * 4410 / 512, BitConverter.ToInt32(peaks, 16));
        gate.Release(10);
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(job.Id)).State);
    }

    [Fact]
    public async Task Waveforms_and_spectrograms_show_the_stem()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        byte[] peaks = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals/peaks?framesPerPeak=1024");
        int[] header = [.. Enumerable.Range(0, 6).Select(i => BitConverter.ToInt32(peaks, 4 * i))];
        Assert.Equal([2, 1, 44_100, 1024, 22, 1], header);
        Assert.Equal(24 + 44, peaks.Length);
        // Noise up to ±9000 of 32768.
        Assert.All(Enumerable.Range(0, 21), i =>
        {
            Assert.InRange((sbyte)peaks[24 + 2 * i], -35, -30);
            Assert.InRange((sbyte)peaks[25 + 2 * i], 30, 35);
        });
        byte[] picture = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals/spectrogram?columns=10&bins=32");
        Assert.Equal(320, picture.Length);
        Assert.All(picture[16..32], level => Assert.InRange(level, 80, 220));
    }

    [Fact]
    public async Task Stems_are_encoded_when_asked_and_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        string address = $"/api/v1/jobs/{job.Id}/stems/bass";
        byte[] wav = await server.Http.GetByteArrayAsync(address);
        using HttpResponseMessage flac = await server.Http.GetAsync(address + "?format=flac");
        Assert.Equal(("audio/flac", "song - bass.flac"), (flac.Content.Headers.ContentType!.MediaType, flac.Content.Headers.ContentDisposition!.FileNameStar));

        // FLAC holds the very samples of the WAV file.
        float[] samples = Decoded(Path.Combine(server.Folder, "jobs", job.Id, "stems", "1.flac"));
        Assert.Equal(2 * 22_050, samples.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            Assert.Equal(BitConverter.ToInt16(wav, wav.Length - 88_200 + 2 * i), (int)(samples[i] * 32_768));
        }

        // What was encoded is kept, served by range, counted to the job, and goes with it.
        using HttpRequestMessage request = new(HttpMethod.Get, address + "?format=flac");
        request.Headers.Range = new RangeHeaderValue(0, 3);
        using HttpResponseMessage part = await server.Http.SendAsync(request);
        Assert.Equal("fLaC"u8.ToArray(), await part.Content.ReadAsByteArrayAsync());
        Assert.True((await server.Client.GetJobAsync(job.Id)).Bytes > job.Bytes + 1000);
        using HttpResponseMessage mix = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/mix?gains=1,0,0,0&format=flac");
        Assert.Equal("audio/flac", mix.Content.Headers.ContentType!.MediaType);
        using HttpResponseMessage none = await server.Http.GetAsync(address + "?format=mod");
        await AccessTests.AssertRefusalAsync(none, 422, "invalid-settings");
    }

    [ToolFact("ffmpeg")]
    public async Task Stems_and_mixes_are_given_as_MP3()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        using HttpResponseMessage mp3 = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/stems/bass?format=mp3");
        Assert.Equal(("audio/mpeg", "song - bass.mp3"), (mp3.Content.Headers.ContentType!.MediaType, mp3.Content.Headers.ContentDisposition!.FileNameStar));
        Assert.InRange(Decoded(Path.Combine(server.Folder, "jobs", job.Id, "stems", "1.mp3")).Length / 2, 22_000, 25_000);
        using HttpResponseMessage mix = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/mix?gains=1,0,0,0&format=mp3");
        Assert.Equal("audio/mpeg", mix.Content.Headers.ContentType!.MediaType);
    }

    private static float[] Decoded(string file)
    {
        using AudioSource source = AudioSource.Open(file, new AudioInputOptions());
        using IAudioReader reader = source.OpenReader();
        float[] samples = new float[2 * 30_000];
        int frames = 0;
        for (int read; (read = reader.Read(samples.AsSpan(2 * frames))) > 0; frames += read)
        {
        }

        return samples[..(2 * frames)];
    }

    [Fact]
    public async Task All_stems_come_in_a_zip()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        using Stream stream = await server.Http.GetStreamAsync($"/api/v1/jobs/{job.Id}/stems.zip");
        using MemoryStream copy = new();
        await stream.CopyToAsync(copy);
        using ZipArchive zip = new(copy);
        Assert.Equal(["song - drums.wav", "song - bass.wav", "song - other.wav", "song - vocals.wav"], zip.Entries.Select(entry => entry.Name));
        using MemoryStream bass = new();
        await zip.Entries[1].Open().CopyToAsync(bass);
        Assert.Equal(await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/bass"), bass.ToArray());
    }

    [Fact]
    public async Task The_mix_follows_gains_and_pans()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        // Only the loudest stem, only on the left.
        byte[] mix = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/mix?gains=0,0,0,1&pans=0,0,0,-1");
        byte[] song = TestServer.Song();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(BitConverter.ToInt16(song, 44 + 4 * i), BitConverter.ToInt16(mix, mix.Length - 88_200 + 4 * i));
            Assert.Equal(0, BitConverter.ToInt16(mix, mix.Length - 88_200 + 2 + 4 * i));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder, "jobs", job.Id, "mixes")));
        foreach (string bad in (string[])["gains=1", "gains=1,1,1,5", "pans=0,0,0,2", "gains=a,b,c,d", "gains=NaN,1,1,1"])
        {
            using HttpResponseMessage refused = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/mix?{bad}");
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Only_the_wanted_stems_are_made()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync(settings: new JobSettings { Stems = ["vocals"], SampleFormat = "float32" });
        Assert.Equal(["vocals"], job.Audio!.Stems);
        using HttpResponseMessage none = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/stems/drums");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task Addresses_name_stems_in_any_case()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        foreach (string what in (string[])["", "/peaks", "/spectrogram"])
        {
            Assert.Equal(
                await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals{what}"), await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/VocalS{what}"));
        }

        using HttpResponseMessage none = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/stems/vocal");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_job_that_fails_says_why_and_can_be_tried_again()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Error = new AudioException("The song is broken at 0:01."));
        Job job = await server.SeparateAsync();
        Assert.Equal((JobState.Failed, "The song is broken at 0:01."), (job.State, job.Error));
        server.Separator.Error = new InvalidOperationException("secret");
        await server.Client.RetryJobAsync(job.Id);
        job = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal(JobState.Failed, job.State);
        Assert.DoesNotContain("secret", job.Error, StringComparison.Ordinal);
        server.Separator.Error = null;
        await server.Client.RetryJobAsync(job.Id);
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(job.Id)).State);
    }

    [Fact]
    public async Task A_job_waits_for_its_model_and_outlives_the_server()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            TaskCompletionSource never = new();
            string id;
            await using (TestServer server = await TestServer.StartAsync(folder: folder, fake: fake => fake.Downloading = never.Task))
            {
                Song song = await server.UploadAsync();
                Job job = await server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Model = "absent" }, FetchModel = true });
                id = job.Id;
                Assert.True(job.WaitsForModel);
                Assert.NotNull((await server.Client.GetModelsAsync()).Single(model => model.Name == "absent").Download);
                // Others go past it.
                Job other = await server.Client.CreateJobAsync(new NewJob(song.Id));
                Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(other.Id)).State);
                Assert.Equal(JobState.Queued, (await server.Client.GetJobAsync(id)).State);
            }

            // The next server goes on with the download, and one that fails leaves the job where it is.
            TaskCompletionSource download = new();
            await using TestServer next = await TestServer.StartAsync(folder: folder, fake: fake => fake.Downloading = download.Task);
            download.SetException(new IOException("The cable is out."));
            await TestServer.UntilAsync(
                "the download has failed", async () => (await next.Client.GetModelsAsync()).Single(model => model.Name == "absent").Download?.Error is not null);

            Assert.True((await next.Client.GetJobAsync(id)).WaitsForModel);
            next.Separator.Downloading = Task.CompletedTask;
            await next.Client.DownloadModelAsync("absent");
            Job done = await next.Client.WaitForJobAsync(id);
            Assert.Equal((JobState.Done, false, "pcm16"), (done.State, done.WaitsForModel, done.Settings.SampleFormat));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_does_not_fit_a_model_that_has_come_fails_with_the_reason()
    {
        TaskCompletionSource gate = new();
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Downloading = gate.Task);
        Song song = await server.UploadAsync();
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Model = "absent" }, FetchModel = true });
        server.Separator.Refusal = new OptionException("It has no such stem.");
        gate.SetResult();
        Job failed = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal((JobState.Failed, "It has no such stem."), (failed.State, failed.Error));
    }

    [Fact]
    public async Task Models_are_downloaded_when_asked()
    {
        await using TestServer server = await TestServer.StartAsync();
        Song song = await server.UploadAsync();
        ApiException missing = await Assert.ThrowsAsync<ApiException>(() =>
            server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Model = "absent" } }));
        Assert.Equal("urn:stemsharp:model-missing", missing.Problem.Type);
        await server.Client.DownloadModelAsync("absent");
        await TestServer.UntilAsync(
            "the model is installed", async () => (await server.Client.GetModelsAsync()).Single(model => model.Name == "absent").Installed);

        ApiException unknown = await Assert.ThrowsAsync<ApiException>(() => server.Client.DownloadModelAsync("nobody's"));
        Assert.Equal("urn:stemsharp:unknown-model", unknown.Problem.Type);
    }
}
