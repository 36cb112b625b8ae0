using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Store;

/// <summary>Refuses notes that are no notes, or too large to be kept.</summary>
internal static class NotesCheck
{
    private const int LongestName = 255;
    private const int LongestMarker = 80;
    private const int MostLevels = 64;
    private const int MostMarkers = 500;
    private const int LargestPractice = 16 << 10;

    public static void Check(SongNotes notes)
    {
        CheckName("title", notes.Title);
        CheckName("artist", notes.Artist);
        CheckLevels(notes.Levels ?? new Dictionary<string, StemLevel>());
        CheckMarkers(notes.Markers ?? []);
        if (notes.Practice is { } practice && (practice.ValueKind != JsonValueKind.Object || practice.GetRawText().Length > LargestPractice))
        {
            throw Refusal($"'practice' is a JSON object of at most {LargestPractice} characters.");
        }
    }

    private static void CheckName(string what, string? text)
    {
        if (text?.Length > LongestName || text?.Any(c => char.IsControl(c) || ClientText.IsDirectional(c)) == true)
        {
            throw Refusal($"'{what}' is one line of at most {LongestName} characters.");
        }
    }

    private static void CheckLevels(IReadOnlyDictionary<string, StemLevel> levels)
    {
        if (levels.Count > MostLevels)
        {
            throw Refusal($"'levels' has {levels.Count} stems; at most {MostLevels} are kept.");
        }

        foreach ((string stem, StemLevel level) in levels)
        {
            if (stem.Length > LongestMarker || level is not { Gain: >= 0 and <= 4, Pan: >= -1 and <= 1 })
            {
                throw Refusal($"'levels' of '{ClientText.Quoted(stem)}': a gain is from 0 to 4, a pan from -1 to 1.");
            }
        }
    }

    private static void CheckMarkers(IReadOnlyList<SongMarker> markers)
    {
        if (markers.Count > MostMarkers)
        {
            throw Refusal($"'markers' has {markers.Count}; at most {MostMarkers} are kept.");
        }

        foreach (SongMarker marker in markers)
        {
            if (marker.Name.Length > LongestMarker || marker is not { Start: >= 0 and < double.PositiveInfinity } || !(marker.End is null || (marker.End > marker.Start && double.IsFinite(marker.End.Value))))
            {
                throw Refusal($"A marker has a name of at most {LongestMarker} characters, a start in seconds from 0 on, and an end behind it or none; found '{ClientText.Quoted(marker.Name)}' from {marker.Start} to {marker.End?.ToString() ?? "nowhere"}.");
            }
        }
    }

    private static StoreException Refusal(string message) => new(StoreErrorKind.Invalid, message);
}
