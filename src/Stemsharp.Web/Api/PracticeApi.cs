using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Api;

/// <summary>What is found in songs, and what was set for practising them.</summary>
internal static class PracticeApi
{
    private const int MostMarkers = 200, LongestName = 100;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/songs/{id}/practice", async (string id, SongStore songs, SongAnalyzer analyzer, PracticeStore practice, CancellationToken cancel) =>
            {
                songs.Get(Routes.CheckId("song", id));
                return TypedResults.Ok(new SongPractice(await analyzer.GetAsync(id, cancel).ConfigureAwait(false), practice.Settings(id)));
            })
            .Says("getPractice", "Tells a song's tempo, beats, bars and key, and what was set for practising it. The first time it may take some seconds.", 404, 422)
            .WithTags("Songs");

        api.MapPut("/songs/{id}/practice", (string id, PracticeSettings settings, SongStore songs, PracticeStore practice) =>
            {
                Song song = songs.Get(Routes.CheckId("song", id));
                PracticeSettings kept = Checked(settings, song);
                practice.Keep(id, kept);
                return TypedResults.Ok(kept);
            })
            .Says("setPractice", "Keeps what is set for practising a song, in place of what was set before.", 400, 404, 507)
            .WithTags("Songs");
    }

    private static PracticeSettings Checked(PracticeSettings settings, Song song)
    {
        Require(settings.TempoOctave is >= -1 and <= 1, "'tempoOctave' is −1, 0 or 1.");
        Require(settings.BeatsPerBar is null or (>= 1 and <= 12), "'beatsPerBar' is from 1 to 12.");
        Require(settings.FirstBeat is null or (>= 0 and <= 11), "'firstBeat' is from 0 to 11.");
        Require(settings.Key is null or { Tonic: >= 0 and <= 11 }, "'key.tonic' is from 0, which is C, to 11.");
        Require(settings.Speed is null or (>= 0.5 and <= 1.5), "'speed' is from 0.5 to 1.5.");
        Require(settings.Semitones is >= -12 and <= 12, "'semitones' is from −12 to 12.");
        IReadOnlyList<LoopMarker> markers = settings.Markers ?? [];
        Require(markers.Count <= MostMarkers, $"There are {markers.Count} markers; up to {MostMarkers} are kept.");
        LoopMarker[] named = [.. markers.Select(marker => marker with { Name = Routes.CheckName(marker.Name) })];
        Require(named.All(marker => marker.Name.Length <= LongestName), $"A marker's name has up to {LongestName} characters.");
        Require(named.All(marker => marker.From >= 0 && marker.From < marker.To && marker.To <= song.DurationSeconds + 1), "A marker's 'from' is 0 or more and before its 'to', in seconds, inside the song.");
        return settings with { Markers = named.Length > 0 ? named : null };
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ApiError(ApiErrorKind.BadRequest, what);
        }
    }
}
