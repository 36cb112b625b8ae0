using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Stemsharp.Checkpoints.Safetensors;

namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// The cache of Hugging Face's own programs, and with them of demucs 4.1: <c>models--owner--name/refs/main</c> names a commit,
/// <c>snapshots/COMMIT/file</c> is a link to <c>blobs/CHECKSUM</c>. Read only.
/// </summary>
internal sealed partial class HubCache(string folder)
{
    private const int GitChecksumDigits = 40;

    private readonly string _folder = Path.GetFullPath(folder);

    /// <summary>Where a file is, whole or not; null where it is not.</summary>
    public string? Find(HubFile file)
    {
        string repository = Path.Combine(_folder, "models--" + file.Repository.Replace("/", "--", StringComparison.Ordinal));
        string reference = Path.Combine([repository, "refs", .. file.Revision.Split('/')]);
        string commit = File.Exists(reference) ? ReadLine(reference) : file.Revision;
        string path = Path.Combine([repository, "snapshots", commit, .. file.Name.Split('/')]);
        return Commit().IsMatch(commit) && File.Exists(path) ? path : null;
    }

    /// <summary>Whether a path is in this cache.</summary>
    public bool Owns(string path) => Path.GetFullPath(path).StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The file that holds the bytes.</summary>
    public static string Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    /// <summary>The checksum that its blob is named by: SHA-256, or git's for small files; null where copies lie in place of links.</summary>
    public static string? Checksum(string path) => Path.GetFileName(Target(path)) is var name && Blob().IsMatch(name) ? name : null;

    /// <summary>What is wrong with a file; null when it is what its blob's name says, or, without one, not cut off.</summary>
    public static string? Problem(string path)
    {
        try
        {
            if (Checksum(path) is { } expected)
            {
                string actual = expected.Length == GitChecksumDigits ? GitChecksum(path) : Sha256(path);
                return actual == expected ? null : string.Create(CultureInfo.InvariantCulture, $"its checksum is {actual}, but {expected} was expected: it is damaged or cut off");
            }

            if (Path.GetExtension(path) == ".safetensors")
            {
                using ByteSource source = ByteSource.OpenFile(path);
                SafetensorsHeader.Read(source);
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointFormatException)
        {
            return e.Message;
        }
    }

    private static string Sha256(string path)
    {
        using ByteSource source = ByteSource.OpenFile(path);
        return source.Sha256;
    }

    // Git names a file by SHA-1 of its length and content. It protects from nothing but accidents, which is what is looked for.
    private static string GitChecksum(string path)
    {
#pragma warning disable CA5350
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        using FileStream file = File.OpenRead(path);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
        byte[] block = ArrayPool<byte>.Shared.Rent(1 << 16);
        for (int n = file.Read(block); n > 0; n = file.Read(block))
        {
            hash.AppendData(block, 0, n);
        }

        ArrayPool<byte>.Shared.Return(block);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault("").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Commit();

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$")]
    private static partial Regex Blob();
}
