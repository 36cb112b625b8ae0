using Stemsharp.Client;

namespace Stemsharp.Web.Store;

/// <summary>Keeps what was found in songs and what was set for practising them, beside the songs: they go with them.</summary>
internal sealed class PracticeStore(DataFolder folder, SongStore songs, ILogger<PracticeStore> logger)
{
    /// <summary>What was found; null where nobody has looked.</summary>
    public SongAnalysis? Analysis(string songId) => DataFolder.TryRead(File(songId, "analysis.json"), StoreJson.Default.SongAnalysis, logger);

    /// <summary>What was set; the defaults where nothing was.</summary>
    public PracticeSettings Settings(string songId) =>
        DataFolder.TryRead(File(songId, "practice.json"), StoreJson.Default.PracticeSettings, logger) ?? new PracticeSettings();

    public void Keep(string songId, SongAnalysis analysis)
    {
        DataFolder.WriteJson(File(songId, "analysis.json"), analysis, StoreJson.Default.SongAnalysis);
        songs.Weigh(songId);
    }

    public void Keep(string songId, PracticeSettings settings)
    {
        DataFolder.WriteJson(File(songId, "practice.json"), settings, StoreJson.Default.PracticeSettings);
        songs.Weigh(songId);
    }

    /// <summary>A file of a song's folder; the song has to be there.</summary>
    private string File(string songId, string name) => Path.Combine(folder.Song(songs.Get(songId).Id), name);
}
