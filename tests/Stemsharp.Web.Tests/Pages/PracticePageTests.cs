using System.Buffers.Binary;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Stemsharp.Client;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>The practice tools as somebody uses them.</summary>
[Collection("browser")]
public sealed class PracticePageTests(BrowserFixture fixture)
{
    [PageFact]
    public async Task Speed_key_and_loops_are_set_and_kept()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync(BeatSong.Wav(16));
        await using PageSession session = await OpenAsync(server, job);
        // What practising needs is loaded when it is asked for.
        Assert.DoesNotContain(session.Requests, address => address.Contains("panel-", StringComparison.Ordinal) || address.Contains("stretch.worklet", StringComparison.Ordinal));
        await session.Button("Practice").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("120 beats a minute");
        await Assertions.Expect(session.Page.GetByLabel("Key", new PageGetByLabelOptions { Exact = true })).ToHaveValueAsync("0");
        await session.Button("Slower").ClickAsync();
        await session.Button("Slower").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("120 beats a minute; you hear 108");
        await session.Button("A semitone lower").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("heard in B major");
        await session.Button("Half").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("60 beats a minute; you hear 54");
        await Assertions.Expect(session.Button("Half")).ToBeDisabledAsync();
        await session.Page.GetByLabel("Key", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync("A minor");
        await session.Page.GetByLabel("Beats in a bar").SelectOptionAsync("3");
        await session.Button("Loop").ClickAsync();
        await session.Page.GetByLabel("Keep this loop as").FillAsync("Chorus");
        await session.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator(".practice-markers li")).ToContainTextAsync("Chorus");
        await session.AuditAsync("practice");
        Assert.Empty(await session.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll(".practice button, .practice select, .practice input, .practice label.practice-check")]
              .filter((element) => element.offsetParent && element.type !== "checkbox" && element.getBoundingClientRect().height < 43.9)
              .map((element) => element.outerHTML.slice(0, 80))
            """));

        Assert.Empty(await session.WeakControlsAsync());

        // It is with the server as soon as the hands rest.
        JsonElement notes;
        do
        {
            await session.Page.WaitForTimeoutAsync(50);
            notes = await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/songs/{job.SongId}/notes");
        }
        while (!notes.TryGetProperty("markers", out JsonElement markers) || markers.GetArrayLength() == 0);
        Assert.Equal("""{"speed":0.9,"semitones":-1,"tempoOctave":-1,"key":{"tonic":9,"minor":true},"beatsPerBar":3}""", notes.GetProperty("practice").GetRawText());
        Assert.Equal("Chorus", notes.GetProperty("markers")[0].GetProperty("name").GetString());
        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 0.3);
        session.AssertQuiet();

        await using PageSession again = await OpenAsync(server, job);
        await again.Button("Practice").ClickAsync();
        await Assertions.Expect(again.Page.Locator(".practice")).ToContainTextAsync("60 beats a minute; you hear 54");
        await again.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { NameRegex = new("^Chorus") }).ClickAsync();
        await Assertions.Expect(again.Button("Loop")).ToHaveAttributeAsync("aria-pressed", "true");
        await again.Button("Forget Chorus").ClickAsync();
        await Assertions.Expect(again.Page.Locator(".practice-markers li")).ToHaveCountAsync(0);
        again.AssertQuiet();
    }

    [PageFact]
    public async Task A_song_is_heard_at_its_speed_and_key_without_the_practice_tools()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job plain = await server.SeparateAsync(BeatSong.Wav(8));
        Job job = await server.SeparateAsync(BeatSong.Wav(8));
        using (HttpResponseMessage kept = await server.Http.PatchAsJsonAsync($"/api/v1/songs/{job.SongId}/notes", new { practice = new { speed = 0.5, semitones = -2 } }))
        {
            Assert.True(kept.IsSuccessStatusCode);
        }

        await using PageSession session = await OpenAsync(server, job);
        ILocator facts = session.Page.Locator(".player-names .facts");
        await Assertions.Expect(facts).ToContainTextAsync("heard at 50 %, 2 semitones lower");
        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 0.2);
        // The tools themselves are not fetched for it.
        Assert.DoesNotContain(session.Requests, address => address.Contains("panel-", StringComparison.Ordinal));
        // The song goes on at half the clock's speed.
        double[] pace = await session.EvaluateAsync<double[]>(
            """
            async () => {
              const position = document.querySelector(".position");
              const now = () => [performance.now() / 1000, Number(position.value)];
              const [from, begin] = now();
              await new Promise((resolve) => setTimeout(resolve, 2000));
              const [to, end] = now();
              return [to - from, end - begin];
            }
            """);
        Assert.True(pace[1] / pace[0] < 0.7, $"{pace[1]} s of song in {pace[0]} s");
        // Another song is heard as it is.
        await session.Page.EvaluateAsync("(id) => location.hash = `#/song/${id}`", plain.SongId);
        await Assertions.Expect(facts).ToContainTextAsync("× real time");
        await Assertions.Expect(facts).Not.ToContainTextAsync("heard");
        session.AssertQuiet();
    }

    [PageFact]
    public async Task What_is_heard_is_saved_at_its_speed()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync(BeatSong.Wav(8));
        await using PageSession session = await OpenAsync(server, job);
        await session.Button("Practice").ClickAsync();
        await session.Page.GetByLabel("Speed of the song").FillAsync("80");
        byte[] wav = await session.DownloadAsync(session.Button("Save what I hear"));
        int frames = BinaryPrimitives.ReadInt32LittleEndian(wav.AsSpan(40)) / 6;
        Assert.Equal(10 * BeatSong.SampleRate, frames);
        Assert.Equal(44 + 6 * frames, wav.Length);
        Assert.Equal(24, BinaryPrimitives.ReadInt16LittleEndian(wav.AsSpan(34)));

        // A beat every 0.625 s: there it is loudest.
        double[] envelope = new double[frames / 441];
        for (int i = 0; i < envelope.Length * 441; i++)
        {
            double sample = (wav[44 + 6 * i] << 8 | wav[45 + 6 * i] << 16 | wav[46 + 6 * i] << 24) / 2147483648.0;
            envelope[i / 441] += sample * sample;
        }

        double on = Enumerable.Range(1, 14).Average(beat => envelope.AsSpan((int)(beat * 62.5) - 1, 6).ToArray().Max());
        double between = Enumerable.Range(1, 14).Average(beat => envelope[(int)((beat + 0.6) * 62.5)]);
        Assert.True(on > 4 * between, $"{on} {between}");
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_song_without_a_beat_says_so_and_all_is_reached_by_keyboard()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync(TestServer.Song(8));
        await using PageSession session = await OpenAsync(server, job);
        await session.Button("Practice").FocusAsync();
        await session.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("No steady beat was found");
        await Assertions.Expect(session.Page.GetByLabel("Metronome")).ToBeHiddenAsync();
        HashSet<string> reached = [];
        for (int i = 0; i < 60; i++)
        {
            await session.Page.Keyboard.PressAsync("Tab");
            reached.Add(await session.EvaluateAsync<string>("() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id ?? ''"));
        }

        Assert.Superset(new HashSet<string> { "Slower", "Speed of the song", "Faster", "Speed as it is", "Pitch of the song", "practice-key", "practice-marker" }, reached);
        await session.Page.GetByLabel("Speed of the song").FocusAsync();
        await session.Page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(session.Page.Locator(".practice output").First).ToHaveTextAsync("99 %");
        session.AssertQuiet();
    }

    private async Task<PageSession> OpenAsync(TestServer server, Job job)
    {
        PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await Assertions.Expect(session.Page.Locator(".song, .job").First).ToBeVisibleAsync();
        await session.Page.GotoAsync($"{server.Server.Address}#/song/{job.SongId}");
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        return session;
    }
}
