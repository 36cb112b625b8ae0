using System.Net;
using System.Text.Json;
using Stemsharp.Client;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>Tempo, bars and key of a song.</summary>
public sealed class PracticeTests
{
    [Fact]
    public async Task Tempo_bars_and_key_of_a_song_are_told_and_kept()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            SongAnalysis first;
            string songId;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                songId = (await server.SeparateAsync(BeatSong.Wav())).SongId;
                first = await server.Client.GetAnalysisAsync(songId);
                Assert.InRange(first.Bpm!.Value, 119.5, 120.5);
                Assert.InRange(first.Beats!.Count, 44, 49);
                Assert.Equal(4, first.BeatsPerBar);
                Assert.InRange(Math.IEEERemainder(first.Beats[first.FirstBeat!.Value], 2), -0.03, 0.03);
                Assert.Equal(new SongKey(0, false), first.Key);
                Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/api/v1/songs/{new string('a', 26)}/analysis")).StatusCode);
            }

            Assert.True(File.Exists(Path.Combine(folder, "songs", songId, "analysis.json")));
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            Assert.Equal(JsonSerializer.Serialize(first), JsonSerializer.Serialize(await again.Client.GetAnalysisAsync(songId)));
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
            await TestServer.UntilAsync("what was found in the song is kept", () => File.Exists(file));
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
        Assert.Equal(new SongAnalysis(), await server.Client.GetAnalysisAsync((await server.UploadAsync(song: TestServer.Song(8))).Id));
        SongAnalysis music = await server.Client.GetAnalysisAsync((await server.UploadAsync(song: BeatSong.Wav())).Id);
        Assert.InRange(music.Bpm!.Value, 119.5, 120.5);
    }
}
