using Stemsharp.Web.Queue;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Api;

/// <summary>What is found in songs.</summary>
internal static class AnalysisApi
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/songs/{id}/analysis", async (string id, SongStore songs, SongAnalyzer analyzer, CancellationToken cancel) =>
            {
                songs.Get(Routes.CheckId("song", id));
                return TypedResults.Ok(await analyzer.GetAsync(id, cancel).ConfigureAwait(false));
            })
            .Says("getAnalysis", "Tells a song's tempo, beats, bars and key, as far as they are clear. The first time it may take some seconds.", 404, 422)
            .WithTags("Songs");
}
