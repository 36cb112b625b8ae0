using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Stemsharp.Web.Sound;

/// <summary>
/// A float WAV file that grows: its header tells the full length from the start, so that players can fetch what is
/// there already. Past 4 GB the sizes in the header are the format's largest.
/// </summary>
internal sealed class FloatWavWriter : IDisposable
{
    public const int HeaderBytes = 44;
    private readonly FileStream _file;

    public FloatWavWriter(string path, int sampleRate, int channels, long frames)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        long data = frames * channels * sizeof(float);
        Span<byte> header = stackalloc byte[HeaderBytes];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)Math.Min(data + HeaderBytes - 8, uint.MaxValue));
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteUInt16LittleEndian(header[20..], 3);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], (ushort)channels);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], (uint)sampleRate);
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], (uint)(sampleRate * channels * sizeof(float)));
        BinaryPrimitives.WriteUInt16LittleEndian(header[32..], (ushort)(channels * sizeof(float)));
        BinaryPrimitives.WriteUInt16LittleEndian(header[34..], 32);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], (uint)Math.Min(data, uint.MaxValue - HeaderBytes));
        _file.Write(header);
    }

    public void Write(ReadOnlySpan<float> interleaved) => _file.Write(MemoryMarshal.AsBytes(interleaved));

    /// <summary>Makes what was written visible to readers.</summary>
    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();
}
