using System.Runtime.InteropServices;
using NAudio.Wave;

namespace Stemsharp;

/// <summary>A sample provider as the bytes of a WAV file of 32-bit floats whose length nobody knows.</summary>
/// <param name="provider">Read to its end.</param>
internal sealed class SampleProviderStream(ISampleProvider provider) : Stream
{
    private readonly float[] _samples = new float[provider.WaveFormat.Channels * 4096];
    private ReadOnlyMemory<byte> _header = Header(provider.WaveFormat);
    private int _from, _to;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!_header.IsEmpty)
        {
            int length = Math.Min(buffer.Length, _header.Length);
            _header.Span[..length].CopyTo(buffer);
            _header = _header[length..];
            return length;
        }

        if (_from == _to)
        {
            (_from, _to) = (0, sizeof(float) * provider.Read(_samples));
        }

        int count = Math.Min(buffer.Length, _to - _from);
        MemoryMarshal.AsBytes(_samples.AsSpan()).Slice(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static byte[] Header(WaveFormat format)
    {
        using MemoryStream header = new();
        using BinaryWriter writer = new(header);
        writer.Write("RIFF"u8);
        writer.Write(uint.MaxValue);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)WaveFormatEncoding.IeeeFloat);
        writer.Write((short)format.Channels);
        writer.Write(format.SampleRate);
        writer.Write(format.SampleRate * format.Channels * sizeof(float));
        writer.Write((short)(format.Channels * sizeof(float)));
        writer.Write((short)32);
        writer.Write("data"u8);
        writer.Write(uint.MaxValue);
        return header.ToArray();
    }
}
