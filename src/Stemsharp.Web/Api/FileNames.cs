namespace Stemsharp.Web.Api;

/// <summary>Names for files that are handed out.</summary>
internal static class FileNames
{
    /// <summary>A name that every system takes as that of one file in the folder it is put in.</summary>
    public static string Safe(string name)
    {
        string clean = new([.. name.Select(c => char.IsControl(c) || "\\/:*?\"<>|".Contains(c) ? '_' : c)]);
        clean = clean.Trim(' ', '.');
        return clean.Length switch
        {
            0 => "song",
            > 120 => clean[..120],
            _ => clean,
        };
    }
}
