using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Stemsharp.Client;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>Tempo and key of a song, and what was set for practising it.</summary>
public sealed class PracticeTests
{
    [Fact]
    public async Task Tempo_bars_and_key_of_a_song_are_told_and_kept_with_what_was_set()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        PracticeSettings settings = new()
        {
            TempoOctave = -1,
            BeatsPerBar = 3,
            FirstBeat = 2,
            Key = new SongKey(9, true),
            Speed = 0.8,
            Semitones = -3,
            Markers = [new LoopMarker("Chorus", 1.5, 4)],
        };
        string songId;
        try
        {
            SongPractice first;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                Job job = await server.SeparateAsync(BeatSong.Wav());
                songId = job.SongId;
                first = await server.Client.GetPracticeAsync(songId);
                Assert.InRange(first.Analysis.Bpm!.Value, 119.5, 120.5);
                Assert.InRange(first.Analysis.Beats!.Count, 44, 49);
                Assert.Equal(4, first.Analysis.BeatsPerBar);
                Assert.InRange(Math.IEEERemainder(first.Analysis.Beats[first.Analysis.FirstBeat!.Value], 2), -0.03, 0.03);
                Assert.Equal(new SongKey(0, false), first.Analysis.Key);
                Assert.Equal(new PracticeSettings(), first.Settings);
                PracticeSettings kept = await server.Client.SetPracticeAsync(songId, settings);
                Assert.Equal(JsonSerializer.Serialize(settings), JsonSerializer.Serialize(kept));
            }

            string[] files = Directory.GetFiles(Path.Combine(folder, "songs", songId), "*.json");
            Assert.Equal(["analysis.json", "practice.json", "song.json"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            SongPractice second = await again.Client.GetPracticeAsync(songId);
            Assert.Equal(JsonSerializer.Serialize(first.Analysis), JsonSerializer.Serialize(second.Analysis));
            Assert.Equal(JsonSerializer.Serialize(settings), JsonSerializer.Serialize(second.Settings));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_song_is_looked_at_after_its_separation_without_being_asked_for()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            await using TestServer server = await TestServer.StartAsync(folder: folder);
            Job job = await server.SeparateAsync(BeatSong.Wav(12));
            string file = Path.Combine(folder, "songs", job.SongId, "analysis.json");
            while (!File.Exists(file))
            {
                await Task.Delay(20);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_song_without_a_beat_has_no_tempo_and_one_without_stems_is_looked_at_itself()
    {
        await using TestServer server = await TestServer.StartAsync();
        SongPractice noise = await server.Client.GetPracticeAsync((await server.UploadAsync(song: TestServer.Song(8))).Id);
        Assert.Equal(new SongAnalysis(), noise.Analysis);
        SongPractice music = await server.Client.GetPracticeAsync((await server.UploadAsync(song: BeatSong.Wav())).Id);
        Assert.InRange(music.Analysis.Bpm!.Value, 119.5, 120.5);
    }

    [Theory]
    [InlineData("""{"speed":0.4}""", "0.5 to 1.5")]
    [InlineData("""{"semitones":13}""", "−12 to 12")]
    [InlineData("""{"tempoOctave":2}""", "−1, 0 or 1")]
    [InlineData("""{"beatsPerBar":0}""", "1 to 12")]
    [InlineData("""{"firstBeat":12}""", "0 to 11")]
    [InlineData("""{"key":{"tonic":12,"minor":true}}""", "to 11")]
    [InlineData("""{"markers":[{"name":"x","from":2,"to":1}]}""", "before its 'to'")]
    [InlineData("""{"markers":[{"name":"","from":0,"to":1}]}""", "'name' is missing")]
    [InlineData("""{"markers":[{"name":"x","from":0,"to":99}]}""", "inside the song")]
    public async Task What_makes_no_sense_is_refused(string settings, string why)
    {
        await using TestServer server = await TestServer.StartAsync();
        Song song = await server.UploadAsync(song: TestServer.Song(3));
        using StringContent body = new(settings, null, "application/json");
        using HttpResponseMessage answer = await server.Http.PutAsync($"/api/v1/songs/{song.Id}/practice", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(why, (await answer.Content.ReadFromJsonAsync<Problem>(new JsonSerializerOptions(JsonSerializerDefaults.Web)))!.Detail!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/api/v1/songs/{new string('a', 26)}/practice")).StatusCode);
    }
}
