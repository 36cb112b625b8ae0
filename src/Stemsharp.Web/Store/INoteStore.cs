using Stemsharp.Client;

namespace Stemsharp.Web.Store;

/// <summary>Where notes on songs outlive the process.</summary>
internal interface INoteStore
{
    /// <summary>All notes that can be read, by the songs' ids.</summary>
    IReadOnlyDictionary<string, SongNotes> ReadNotes();

    /// <summary>Keeps a song's notes: when this returns they are found again.</summary>
    void SaveNotes(string songId, SongNotes notes);

    /// <summary>Forgets a song's notes.</summary>
    void DeleteNotes(string songId);
}
