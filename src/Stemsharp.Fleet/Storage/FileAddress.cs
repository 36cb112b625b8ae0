using System.Buffers;
using System.Text.RegularExpressions;

namespace Stemsharp.Fleet.Storage;

/// <summary>
/// Addresses of files: <c>s3://</c>, <c>https://</c>, <c>http://</c>, <c>nats-obj://</c>; whatever has no scheme is a path. Addresses that are signed
/// are keys to what they name: what people are shown of them ends at the question mark.
/// </summary>
internal static partial class FileAddress
{
    internal const string S3 = "s3", Https = "https", Http = "http", Nats = "nats-obj";

    private const string Between = "://";

    private static readonly SearchValues<char> s_schemeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    // What signs an address, or says until when: by Amazon, Google, Microsoft, CloudFront and those that follow them.
    private static readonly HashSet<string> s_signing = new(StringComparer.OrdinalIgnoreCase)
    {
        "AWSAccessKeyId", "Expires", "Signature", "GoogleAccessId", "Policy", "Key-Pair-Id",
        "sv", "se", "st", "sp", "sr", "sig", "skoid", "sktid", "skt", "ske", "sks", "skv", "token", "hdnea",
    };

    /// <summary>The scheme of an address in small letters; null for a path.</summary>
    internal static string? SchemeOf(string text)
    {
        int at = text.IndexOf(Between, StringComparison.Ordinal);
        return at > 0 && char.IsAsciiLetter(text[0]) && text.AsSpan(0, at).IndexOfAnyExcept(s_schemeCharacters) < 0 ? text[..at].ToLowerInvariant() : null;
    }

    /// <summary>A text in which addresses end where their secrets begin: <c>https://host/song.wav?…</c>.</summary>
    internal static string Redacted(string text) => Secrets().Replace(text, "?…");

    /// <summary>An address without what signs it: the same for everyone who was given a key of their own to the same file.</summary>
    internal static string Unsigned(string text)
    {
        int query = text.IndexOf('?', StringComparison.Ordinal);
        if (query < 0 || !text.Contains(Between, StringComparison.Ordinal))
        {
            return text;
        }

        string[] kept = [.. text[(query + 1)..].Split('&').Where(p => !IsSigning(p.Split('=')[0]))];
        return kept.Length == 0 ? text[..query] : $"{text[..query]}?{string.Join('&', kept)}";
    }

    /// <summary>The name of the file at an address, and that of the folder that it is in, as names on this machine; the folder may be empty.</summary>
    internal static (string Folder, string Name) NameOf(string address)
    {
        string scheme = SchemeOf(address) ?? "";
        string path = scheme is Https or Http
            ? Uri.UnescapeDataString(new Uri(address).AbsolutePath)
            : address[Math.Min(address.Length, scheme.Length + Between.Length)..];
        if (scheme == Nats)
        {
            path = ObjectName.Read(path);
        }

        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        // The bucket of an address is no folder's name.
        return (Plain(parts.Length > (scheme is Https or Http ? 1 : 2) ? parts[^2] : ""), Plain(parts.Length > 0 ? parts[^1] : ""));
    }

    /// <summary>The bucket and the key of an address such as <c>s3://bucket/key</c>; the key may be empty.</summary>
    internal static (string Bucket, string Key) PartsOf(string address)
    {
        string[] parts = address[(address.IndexOf(Between, StringComparison.Ordinal) + Between.Length)..].Split('/', 2);
        return (parts[0], parts.Length > 1 ? parts[1].Trim('/') : "");
    }

    /// <summary>Refuses what is no address of a song.</summary>
    /// <exception cref="OptionException">Its scheme is unknown, it holds a password, or names nothing.</exception>
    internal static void CheckInput(string address) => Check(address, address, [S3, Https, Http, Nats], needsKey: true);

    /// <summary>Refuses what is no address of a place for stems.</summary>
    /// <param name="option">The option that gave it.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="OptionException">Its scheme is no place's, or it names nothing.</exception>
    internal static void CheckFolder(string option, string address) => Check($"{option} {address}", address, [S3, Nats], needsKey: false);

    /// <summary>Refuses what a stem cannot be put to.</summary>
    /// <param name="option">The option that gave it.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="OptionException">It is no address of the web.</exception>
    internal static void CheckPut(string option, string address) => Check($"{option} {address}", address, [Https, Http], needsKey: true);

    private static void Check(string shown, string address, string[] schemes, bool needsKey)
    {
        shown = Redacted(shown);
        string scheme = SchemeOf(address) ?? "";
        if (!schemes.Contains(scheme))
        {
            throw new OptionException($"{shown} cannot be used here: {(scheme.Length == 0 ? "it has no scheme" : $"{scheme}:// is none that is known")}; {string.Join(", ", schemes.Select(s => s + Between))} are.");
        }

        if (scheme is Https or Http)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0 || (needsKey && uri.AbsolutePath.Length < 2))
            {
                throw new OptionException($"{shown} names no file of a server; write https://HOST/PATH.");
            }

            if (uri.UserInfo.Length > 0)
            {
                throw new OptionException($"An address of {uri.Host} holds a user or a password, which everybody sees who sees the job; give a presigned address instead.");
            }

            return;
        }

        (string bucket, string key) = PartsOf(address);
        if (bucket.Length == 0 || (needsKey && key.Length == 0) || bucket.Contains('@', StringComparison.Ordinal))
        {
            throw new OptionException($"{shown} names no {(needsKey ? "file" : "place")}; write {scheme}://BUCKET/{(needsKey ? "KEY" : "PREFIX")}. Credentials come from the environment.");
        }

        if (scheme == Nats && !(ObjectName.IsOne(key) && ObjectName.IsOne(bucket)))
        {
            throw new OptionException($"{shown} is no name that object stores of NATS take: letters, digits and / - _ . = are; write others as =XX, their bytes in UTF-8.");
        }
    }

    private static bool IsSigning(string name) =>
        s_signing.Contains(name) || name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Goog-", StringComparison.OrdinalIgnoreCase);

    private static string Plain(string name)
    {
        string plain = string.Concat(name.Select(c => char.IsControl(c) || c is '/' or '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' ? '_' : c)).Trim().TrimEnd('.');
        // Many file systems take 255 bytes; what follows the last dot tells a decoder something.
        const int most = 80;
        string extension = Path.GetExtension(plain);
        return plain.Length <= most || extension.Length > most / 2 ? plain[..Math.Min(plain.Length, most)] : plain[..(most - extension.Length)] + extension;
    }

    [GeneratedRegex("""(?<=https?://[^\s?"'<>]*)\?[^\s"'<>]*""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Secrets();
}
