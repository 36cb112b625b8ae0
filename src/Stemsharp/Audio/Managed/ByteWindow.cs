namespace Stemsharp.Audio;

/// <summary>A part of a file that moves forward: decoders look at as many bytes ahead as a frame may take.</summary>
internal sealed class ByteWindow : IDisposable
{
    private readonly Stream _stream;
    private readonly string _name;
    private byte[] _buffer;
    private int _from, _to;
    private long _position;

    /// <param name="stream">Stands where the window begins; disposed with it.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="bytes">Most bytes that are looked at.</param>
    public ByteWindow(Stream stream, string name, int bytes)
    {
        _stream = stream;
        _name = name;
        _position = stream.Position;
        _buffer = new byte[Math.Max(2 * bytes, 1 << 16)];
    }

    /// <summary>Where in the file the window begins.</summary>
    public long Position => _position;

    /// <summary>The next bytes: as many as asked for, fewer only at the file's end.</summary>
    /// <exception cref="AudioException">The file can't be read.</exception>
    public ReadOnlySpan<byte> Peek(int count)
    {
        if (_to - _from < count)
        {
            if (_from + count > _buffer.Length)
            {
                if (count > _buffer.Length)
                {
                    Array.Resize(ref _buffer, 2 * count);
                }

                _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
                _to -= _from;
                _from = 0;
            }

            try
            {
                _to += _stream.ReadAtLeast(_buffer.AsSpan(_to), count - (_to - _from), throwOnEndOfStream: false);
            }
            catch (IOException error)
            {
                throw new AudioException($"'{_name}' can't be read: {error.Message}", error);
            }
        }

        return _buffer.AsSpan(_from, Math.Min(count, _to - _from));
    }

    /// <summary>Goes on.</summary>
    /// <param name="count">Bytes that were looked at.</param>
    public void Advance(int count)
    {
        _from += count;
        _position += count;
    }

    public void Dispose() => _stream.Dispose();
}
