using System.Buffers.Binary;

namespace Stemsharp.Web.Sound;

/// <summary>
/// Random access to the samples of a WAV file that this server has written: 16 or 24 bit integers or 32 bit floats.
/// </summary>
internal sealed class PcmFile : IDisposable
{
    private readonly FileStream _file;
    private readonly long _data;
    private readonly int _bytesPerSample;
    private byte[] _buffer = [];

    public PcmFile(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        try
        {
            Span<byte> head = stackalloc byte[(int)Math.Min(_file.Length, 4096)];
            _file.ReadExactly(head);
            for (int at = 12; at + 8 <= head.Length;)
            {
                uint size = BinaryPrimitives.ReadUInt32LittleEndian(head[(at + 4)..]);
                ReadOnlySpan<byte> id = head.Slice(at, 4);
                if (id.SequenceEqual("fmt "u8))
                {
                    Channels = BinaryPrimitives.ReadUInt16LittleEndian(head[(at + 10)..]);
                    SampleRate = BinaryPrimitives.ReadInt32LittleEndian(head[(at + 12)..]);
                    _bytesPerSample = BinaryPrimitives.ReadUInt16LittleEndian(head[(at + 22)..]) / 8;
                }
                if (id.SequenceEqual("data"u8))
                {
                    _data = at + 8;
                    // What is there counts: the size in the header stops at 4 GB, and a growing file has less.
                    long present = _file.Length - _data;
                    Frames = (size < uint.MaxValue - 4096 ? Math.Min(size, present) : present) / (Channels * _bytesPerSample);
                    return;
                }
                at += 8 + (int)Math.Min(size + (size & 1), int.MaxValue / 2);
            }
            throw new AudioException($"{path} holds no samples: its 'data' chunk is missing. Separate the song again.");
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public int BitsPerSample => 8 * _bytesPerSample;

    public long Frames { get; }

    /// <summary>Reads frames from a place; fewer than asked for at the end.</summary>
    /// <returns>Frames read.</returns>
    public int Read(long frame, Span<float> interleaved)
    {
        int frames = (int)Math.Clamp(Frames - frame, 0, interleaved.Length / Channels);
        int bytes = frames * Channels * _bytesPerSample;
        if (_buffer.Length < bytes)
        {
            _buffer = new byte[bytes];
        }

        Span<byte> raw = _buffer.AsSpan(0, bytes);
        _file.Position = _data + frame * Channels * _bytesPerSample;
        _file.ReadExactly(raw);
        for (int i = 0; i < frames * Channels; i++)
        {
            interleaved[i] = _bytesPerSample switch
            {
                2 => BinaryPrimitives.ReadInt16LittleEndian(raw[(2 * i)..]) * (1f / 32_768),
                3 => ((raw[3 * i] << 8 | raw[3 * i + 1] << 16 | raw[3 * i + 2] << 24) >> 8) * (1f / 8_388_608),
                _ => BinaryPrimitives.ReadSingleLittleEndian(raw[(4 * i)..]),
            };
        }
        return frames;
    }

    public void Dispose() => _file.Dispose();
}
