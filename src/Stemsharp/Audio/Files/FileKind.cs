using System.Text;

namespace Stemsharp.Audio;

/// <summary>What a file is by its first bytes, whatever its name says.</summary>
internal static class FileKind
{
    /// <summary>How many bytes are looked at.</summary>
    public const int HeadBytes = 512;

    /// <summary>
    /// Whether a file begins as text: no format of sound does, but playlists, concat scripts and web pages do.
    /// </summary>
    public static bool IsText(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) && head.Length > 3 && head[3] == 0)
        {
            return true;
        }

        foreach (byte b in head)
        {
            if (b < 0x20 && b is not ((byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'\f'))
            {
                return false;
            }
        }
        // Text is UTF-8; the last character may be cut off.
        Rune.DecodeLastFromUtf8(head, out _, out int last);
        while (!head.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(head, out _, out int used) != System.Buffers.OperationStatus.Done)
            {
                return head.Length <= Math.Max(last, 3);
            }

            head = head[used..];
        }

        return true;
    }

    /// <summary>The text's beginning, to show in a message.</summary>
    public static string Excerpt(ReadOnlySpan<byte> head)
    {
        string text = Encoding.UTF8.GetString(head).ReplaceLineEndings(" ").Trim();
        return text.Length > 40 ? text[..40] + "…" : text;
    }
}
