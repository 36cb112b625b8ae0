namespace Stemsharp.Web.Text;

/// <summary>Text that has come from a client.</summary>
internal static class ClientText
{
    /// <summary>Short and without control characters, for use in a message.</summary>
    public static string Quoted(string? text)
    {
        string clean = new([.. (text ?? "").Where(c => !char.IsControl(c)).Take(80)]);
        return text?.Length > 80 ? clean + "…" : clean;
    }
}
