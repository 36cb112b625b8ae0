namespace Stemsharp.Checkpoints.Zip;

/// <summary>One file inside a zip archive; its bytes lie within the archive, which was checked.</summary>
internal sealed class ZipEntry
{
    public required string Name { get; init; }

    public required bool IsDeflated { get; init; }

    public required uint Crc { get; init; }

    public required long CompressedSize { get; init; }

    /// <summary>Size once inflated, as the directory says.</summary>
    public required long Size { get; init; }

    public required long HeaderOffset { get; init; }

    /// <summary>Where the (compressed) bytes start in the archive.</summary>
    public long DataOffset { get; set; }

    /// <summary>Whether <see cref="Crc"/> was compared with the bytes.</summary>
    public bool IsVerified { get; set; }

    /// <summary>The inflated bytes while someone still uses them: tensors that share a storage follow one another.</summary>
    public WeakReference<byte[]>? Inflated { get; set; }
}
