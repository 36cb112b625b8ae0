using System.Security.Cryptography;

namespace Stemsharp.Checkpoints.Writing;

/// <summary>
/// A file that is written from front to back, hashed on the way, and appears under its name only when it is whole.
/// </summary>
internal sealed class HashedFile : IDisposable
{
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _isDone;

    public HashedFile(string path)
    {
        _temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
    }

    public long Position { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _hash.AppendData(bytes);
        Position += bytes.Length;
    }

    /// <summary>Puts the file in its place.</summary>
    /// <param name="name">Gives the final path from the SHA-256 in lower-case hex.</param>
    /// <returns>The final path.</returns>
    public string Finish(Func<string, string> name)
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        string path = name(Convert.ToHexStringLower(_hash.GetHashAndReset()));
        File.Move(_temporary, path, overwrite: true);
        _isDone = true;
        return path;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
        if (!_isDone)
        {
            File.Delete(_temporary);
        }
    }
}
