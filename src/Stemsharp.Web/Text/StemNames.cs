namespace Stemsharp.Web.Text;

/// <summary>Stems as clients name them: in any case, as on the command line.</summary>
internal static class StemNames
{
    /// <summary>The name among these that is meant; null where none is.</summary>
    public static string? Find(IReadOnlyList<string> names, string asked) => IndexOf(names, asked) is >= 0 and int number ? names[number] : null;

    /// <summary>The place of the name that is meant, the same letters first; −1 where none is.</summary>
    public static int IndexOf(IReadOnlyList<string> names, string asked)
    {
        string[] all = [.. names];
        int same = Array.IndexOf(all, asked);
        return same >= 0 ? same : Array.FindIndex(all, name => name.Equals(asked, StringComparison.OrdinalIgnoreCase));
    }
}
