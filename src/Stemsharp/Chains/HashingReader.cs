using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Stemsharp.Audio;

namespace Stemsharp.Chains;

/// <summary>Hashes samples as they pass.</summary>
internal sealed class HashingReader(IAudioReader inner) : IAudioReader
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public int SampleRate => inner.SampleRate;

    public int Channels => inner.Channels;

    public long? Length => inner.Length;

    public int Read(Span<float> interleaved)
    {
        int frames = inner.Read(interleaved);
        _hash.AppendData(MemoryMarshal.AsBytes(interleaved[..(frames * Channels)]));
        return frames;
    }

    /// <summary>The SHA-256 in hex of what has passed.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose()
    {
        _hash.Dispose();
        inner.Dispose();
    }
}
