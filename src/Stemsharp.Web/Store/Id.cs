using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Stemsharp.Web.Store;

/// <summary>
/// Names of songs, jobs and uploads: 128 random bits in 26 lower-case letters and digits, so that they cannot be
/// guessed and are safe as folder names on every file system, those that ignore case included.
/// </summary>
internal static class Id
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Length = 26;
    private static readonly SearchValues<char> Valid = SearchValues.Create(Alphabet);

    public static string New() => RandomNumberGenerator.GetString(Alphabet, Length);

    public static bool IsValid([NotNullWhen(true)] string? id) =>
        id is { Length: Length } && id.AsSpan().IndexOfAnyExcept(Valid) < 0;
}
