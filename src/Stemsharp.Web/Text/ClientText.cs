namespace Stemsharp.Web.Text;

/// <summary>Text that has come from a client.</summary>
internal static class ClientText
{
    private const int Longest = 255;

    /// <summary>Text of a file's tag as a line to show; null where nothing is left of it.</summary>
    public static string? Line(string? text)
    {
        string clean = new string([.. (text ?? "").Where(c => !char.IsControl(c) && !IsDirectional(c)).Take(Longest)]).Trim();
        return clean.Length > 0 ? clean : null;
    }

    /// <summary>Whether a character turns the direction of text, which makes a name look like another one.</summary>
    public static bool IsDirectional(char c) => c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    /// <summary>Short and without control characters, for use in a message.</summary>
    public static string Quoted(string? text)
    {
        string clean = new([.. (text ?? "").Where(c => !char.IsControl(c)).Take(80)]);
        return text?.Length > 80 ? clean + "…" : clean;
    }
}
