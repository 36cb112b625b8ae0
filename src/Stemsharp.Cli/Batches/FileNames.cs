using System.Globalization;

namespace Stemsharp.Cli.Batches;

/// <summary>Finds files by names that were written on another system.</summary>
internal static class FileNames
{
    /// <summary>
    /// The path of a file or folder that exists: as it is written, or in the other of the two ways in which Unicode writes letters with
    /// marks (é, or e and an accent; systems differ in which one they keep); null where there is none, or more than one.
    /// </summary>
    internal static string? Find(string path)
    {
        if (path.Length == 0 || Path.Exists(path))
        {
            return path.Length == 0 ? null : path;
        }

        string name = Path.GetFileName(path);
        if (name.Length == 0 || System.Text.Ascii.IsValid(path))
        {
            return null;
        }

        string? parent = Path.GetDirectoryName(path);
        string? folder = string.IsNullOrEmpty(parent) ? "." : Find(parent);
        if (folder is null || !Directory.Exists(folder))
        {
            return null;
        }

        try
        {
            string[] alike = [.. new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(e => e.Name).Where(n => n != name && AreAlike(n, name)).Take(2)];
            return alike is [var only] ? string.IsNullOrEmpty(parent) ? only : Path.Combine(folder, only) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether two names differ at most in how letters with marks are written. Tables that say which letter has which mark come with the
    /// system's Unicode library, which need not be there: one letter beyond ASCII counts as any letter with marks, and whoever asks sees
    /// to it that only one name fits.
    /// </summary>
    internal static bool AreAlike(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        while (!a.IsEmpty && !b.IsEmpty)
        {
            int marksA = Marks(a), marksB = Marks(b);
            if (marksA == marksB && a[..(1 + marksA)].SequenceEqual(b[..(1 + marksB)]))
            {
                a = a[(1 + marksA)..];
                b = b[(1 + marksB)..];
            }
            else if (Syllable(a, b, out int partsB) || (marksA == 0 && a[0] >= 0xC0 && marksB > 0))
            {
                a = a[1..];
                b = b[(partsB > 0 ? partsB : 1 + marksB)..];
            }
            else if (Syllable(b, a, out int partsA) || (marksB == 0 && b[0] >= 0xC0 && marksA > 0))
            {
                a = a[(partsA > 0 ? partsA : 1 + marksA)..];
                b = b[1..];
            }
            else
            {
                return false;
            }
        }

        return a.IsEmpty && b.IsEmpty;
    }

    /// <summary>How many marks follow the first letter.</summary>
    private static int Marks(ReadOnlySpan<char> text)
    {
        int count = 0;
        while (1 + count < text.Length && CharUnicodeInfo.GetUnicodeCategory(text[1 + count]) == UnicodeCategory.NonSpacingMark)
        {
            count++;
        }

        return count;
    }

    /// <summary>Whether a Korean syllable stands where the other text has its two or three parts, which arithmetic tells.</summary>
    private static bool Syllable(ReadOnlySpan<char> text, ReadOnlySpan<char> parts, out int count)
    {
        const int first = 0xAC00, last = 0xD7A3, vowels = 21, tails = 28;
        count = 0;
        if (text[0] is < (char)first or > (char)last)
        {
            return false;
        }

        int index = text[0] - first, tail = index % tails;
        ReadOnlySpan<char> wanted = [(char)(0x1100 + index / (vowels * tails)), (char)(0x1161 + index % (vowels * tails) / tails), (char)(0x11A7 + tail)];
        wanted = tail == 0 ? wanted[..2] : wanted;
        if (!parts.StartsWith(wanted))
        {
            return false;
        }

        count = wanted.Length;
        return true;
    }
}
