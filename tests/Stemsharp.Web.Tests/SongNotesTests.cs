using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>What the server keeps of a song for its players, and what its file says of it.</summary>
public sealed class SongNotesTests
{
    [Fact]
    public async Task Notes_outlive_the_server_and_go_with_their_song()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string id, jobId;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                Job job = await server.SeparateAsync();
                (id, jobId) = (job.SongId, job.Id);
                Assert.Equal("song", job.Title);
                await PatchAsync(server, id, """{"title":"Night Bus","artist":"The Late Ones"}""");
                await PatchAsync(server, id, """{"levels":{"drums":{"gain":0.5,"pan":-1,"mute":true}},"markers":[{"name":"Chorus","start":1.5,"end":3}],"practice":{"speed":0.8}}""");
            }

            await using TestServer again = await TestServer.StartAsync(folder: folder);
            SongNotes notes = await NotesAsync(again, id);
            Assert.Equal(("Night Bus", "The Late Ones"), (notes.Title, notes.Artist));
            Assert.Equal(new StemLevel(0.5, -1, true), notes.Levels!["drums"]);
            Assert.Equal(new SongMarker("Chorus", 1.5) { End = 3 }, notes.Markers!.Single());
            Assert.Equal(0.8, notes.Practice!.Value.GetProperty("speed").GetDouble());
            Job named = await again.Client.GetJobAsync(jobId);
            Assert.Equal(("Night Bus", "The Late Ones"), (named.Title, named.Artist));
            // Files carry the song's name.
            using HttpResponseMessage stem = await again.Http.GetAsync($"/api/v1/jobs/{jobId}/stems/vocals");
            Assert.Equal("Night Bus - vocals.wav", stem.Content.Headers.ContentDisposition!.FileNameStar);
            // An empty name is what the file says.
            await PatchAsync(again, id, """{"title":""}""");
            Assert.Equal("song", (await again.Client.GetJobAsync(jobId)).Title);

            await again.Client.DeleteJobAsync(jobId);
            await again.Client.DeleteSongAsync(id);
            Assert.Empty(((INoteStore)again.Server.Services.GetService(typeof(INoteStore))!).ReadNotes());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_is_kept_of_a_song_while_it_is_deleted_goes_with_it()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxChanges = 10_000 }, idle: true);
        SongStore songs = server.Server.Services.GetRequiredService<SongStore>();
        INoteStore notes = server.Server.Services.GetRequiredService<INoteStore>();
        DiskBudget disk = server.Server.Services.GetRequiredService<DiskBudget>();
        for (int i = 0; i < 300; i++)
        {
            string id = (await server.UploadAsync()).Id;
            Assert.Equal(DataFolder.SizeOf(Path.Combine(server.Folder, "songs", id)), disk.UsedBytes);
            using Barrier start = new(3);
            await Task.WhenAll(
                Task.Run(() => Kept(() => songs.Keep(id, new SongAnalysis { Bpm = 120 }))),
                Task.Run(() => Kept(() => songs.Change(id, new SongNotes { Title = "Night Bus" }))),
                Task.Run(() => Kept(() => songs.Drop(id))));
            Assert.Equal(0, disk.UsedBytes);
            Assert.Empty(notes.ReadNotes());

            void Kept(Action change)
            {
                start.SignalAndWait();
                try
                {
                    change();
                }
                catch (StoreException gone)
                {
                    Assert.Equal(StoreErrorKind.NotFound, gone.Kind);
                }
            }
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(server.Folder, "songs")));
    }

    [Theory]
    [InlineData("""{"title":"two\nlines"}""", "title")]
    [InlineData("""{"levels":{"drums":{"gain":5,"pan":0,"mute":false}}}""", "gain")]
    [InlineData("""{"markers":[{"name":"a","start":2,"end":1}]}""", "end behind it")]
    [InlineData("""{"markers":[{"name":"a","start":-1}]}""", "start")]
    [InlineData("""{"practice":[1]}""", "JSON object")]
    public async Task Notes_that_are_none_are_refused_and_change_nothing(string change, string says)
    {
        await using TestServer server = await TestServer.StartAsync();
        Song song = await server.UploadAsync();
        using HttpResponseMessage answer = await SendAsync(server, song.Id, change);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(says, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(new SongNotes(), await NotesAsync(server, song.Id));
    }

    [Fact]
    public async Task Title_artist_and_picture_come_from_the_files_tags()
    {
        byte[] picture = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 4, 0xFF, 0xD9];
        string file = Path.Combine(Directory.CreateTempSubdirectory("stemsharp-web-").FullName, "tagged.wav");
        try
        {
            AudioTags tags = AudioTags.Empty.With("title", "Paper\nBoats").With("artist", "A") with { Cover = new CoverArt("image/jpeg", picture) };
            using (IAudioWriter writer = AudioFiles.Create(file, 44_100, 2, new EncodingOptions { Tags = tags }, CancellationToken.None))
            {
                writer.Write(new float[44_100]);
                writer.Complete();
            }

            await using TestServer server = await TestServer.StartAsync();
            Song song = await server.UploadAsync("03 paper_boats.wav", await File.ReadAllBytesAsync(file));
            Assert.Equal(("PaperBoats", "A", true), (song.Title, song.Artist, song.HasCover));
            using HttpResponseMessage cover = await server.Http.GetAsync($"/api/v1/songs/{song.Id}/cover");
            Assert.Equal("image/jpeg", cover.Content.Headers.ContentType!.MediaType);
            Assert.Equal(picture, await cover.Content.ReadAsByteArrayAsync());
            Song plain = await server.UploadAsync();
            Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/api/v1/songs/{plain.Id}/cover")).StatusCode);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [Fact]
    public async Task A_stretch_of_stems_and_mix_is_cut_to_the_frame_in_the_depth_that_is_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync();
        byte[] whole = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals");
        byte[] zip = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems.zip?from=1000&to=3000&depth=pcm16");
        using System.IO.Compression.ZipArchive archive = new(new MemoryStream(zip));
        Assert.Equal(["song - drums.wav", "song - bass.wav", "song - other.wav", "song - vocals.wav"], archive.Entries.Select(entry => entry.Name));
        using MemoryStream vocals = new();
        archive.Entries[3].Open().CopyTo(vocals);
        byte[] cut = vocals.ToArray();
        // The last bytes are the samples, two of two bytes a frame.
        Assert.Equal(whole.AsSpan(whole.Length - 4 * (int)(job.Audio!.Frames - 1000), 8000).ToArray(), cut[^8000..]);
        byte[] mix = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/mix?gains=0,0,0,1&from=1000&to=3000&depth=float32");
        Assert.Equal(2000 * 2 * 4, mix.Length - DataOffset(mix));
        for (int i = 0; i < 4000; i++)
        {
            Assert.Equal(BitConverter.ToInt16(cut, cut.Length - 8000 + 2 * i) / 32768f, BitConverter.ToSingle(mix, DataOffset(mix) + 4 * i), 1e-4f);
        }

        foreach (string query in (string[])["from=-1", "from=5&to=5", "to=99999999", "depth=pcm8"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/mix?{query}")).StatusCode);
        }
    }

    [Fact]
    public async Task An_empty_file_is_refused_in_words()
    {
        await using TestServer server = await TestServer.StartAsync();
        using StringContent body = new("""{"name":"silence.wav","bytes":0}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await server.Http.PostAsync("/api/v1/uploads", body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        using JsonDocument problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.StartsWith("'silence.wav' is empty", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_models_speed_is_that_of_its_last_songs()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.All(await server.Client.GetModelsAsync(), model => Assert.Null(model.TimesRealTime));
        Job job = await server.SeparateAsync(TestServer.Song(6), new JobSettings { Shifts = 2 });
        ModelInfo fake = (await server.Client.GetModelsAsync()).Single(model => model.Name == "fake");
        Assert.Equal(2 * job.TimesRealTime!.Value, fake.TimesRealTime!.Value, 1e-6);
        Assert.Null((await server.Client.GetModelsAsync()).Single(model => model.Name == "fake2").TimesRealTime);
    }

    private static int DataOffset(byte[] wav) => wav.AsSpan().IndexOf("data"u8) + 8;

    private static async Task<SongNotes> NotesAsync(TestServer server, string id) =>
        JsonSerializer.Deserialize<SongNotes>(await server.Http.GetStringAsync($"/api/v1/songs/{id}/notes"), JsonSerializerOptions.Web)!;

    private static async Task PatchAsync(TestServer server, string id, string change)
    {
        using HttpResponseMessage answer = await SendAsync(server, id, change);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static Task<HttpResponseMessage> SendAsync(TestServer server, string id, string change) =>
        server.Http.PatchAsync($"/api/v1/songs/{id}/notes", new StringContent(change, Encoding.UTF8, "application/json"));
}
