using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Stemsharp.Audio;

/// <summary>Reads FLAC frame by frame. A damaged frame is silence, so that what follows keeps its place.</summary>
internal sealed class FlacReader : IJudgingReader
{
    private readonly FlacStreamInfo _info;
    private readonly ByteWindow _window;
    private readonly string _name;
    private readonly Action<string> _found;
    private readonly int _frameBytes;
    private readonly int[][] _samples;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly byte[] _packed;
    private readonly float _scale;
    private int _at, _length;
    private long _silent, _decoded;
    private long? _damage;
    private bool _ended, _seeking;

    /// <param name="file">Stands at the first frame; disposed with the reader.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="info">What the file says of its sound.</param>
    /// <param name="found">Told what is wrong.</param>
    public FlacReader(Stream file, string name, FlacStreamInfo info, Action<string> found)
    {
        _info = info;
        _name = name;
        _found = found;
        // No frame is larger than its samples as they are, with a head for each channel.
        _frameBytes = Math.Max(info.LargestFrame, info.LargestBlock * info.Channels * (info.Bits + 8) / 8 + 1024);
        _window = new ByteWindow(file, name, _frameBytes);
        _samples = [.. Enumerable.Range(0, info.Channels).Select(_ => new int[info.LargestBlock])];
        _packed = new byte[info.LargestBlock * info.Channels * ((info.Bits + 7) / 8)];
        _scale = 1f / (1 << (info.Bits - 1));
    }

    public int SampleRate => _info.SampleRate;

    public int Channels => _info.Channels;

    /// <summary>The file says it, but only the end confirms it.</summary>
    public long? Length => null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int want = interleaved.Length / Channels;
        if (want == 0)
        {
            return 0;
        }

        while (_silent == 0 && _at == _length)
        {
            if (_ended || !Next())
            {
                End();
                return 0;
            }
        }

        if (_silent > 0)
        {
            int silent = (int)Math.Min(_silent, want);
            interleaved[..(silent * Channels)].Clear();
            _silent -= silent;
            return silent;
        }

        int frames = Math.Min(want, _length - _at);
        for (int c = 0; c < Channels; c++)
        {
            ReadOnlySpan<int> samples = _samples[c].AsSpan(_at, frames);
            for (int i = 0; i < samples.Length; i++)
            {
                interleaved[i * Channels + c] = samples[i] * _scale;
            }
        }

        _at += frames;
        return frames;
    }

    public void Leave()
    {
        if (!_ended)
        {
            _ended = true;
            SayDamage();
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _window.Dispose();
    }

    /// <summary>Decodes the next frame, and finds it if need be.</summary>
    private bool Next()
    {
        while (true)
        {
            ReadOnlySpan<byte> bytes = _window.Peek(_frameBytes);
            if (bytes.Length < 6)
            {
                return false;
            }

            if (FlacFrame.TryRead(bytes, _info, _samples, out long first, out int length, out int used) && (!_seeking || IsPlausible(first)))
            {
                _window.Advance(used);
                if (_seeking)
                {
                    // Frames have numbers: what is missing is known.
                    _silent = Math.Max(0, first - _decoded);
                    _seeking = false;
                }

                _at = 0;
                _length = length;
                _decoded += _silent + length;
                Hash(length);
                return true;
            }

            // What stands behind the last frame, such as tags of another kind, is no damage.
            if (_info.Samples > 0 && _decoded >= _info.Samples)
            {
                return false;
            }

            if (!_seeking)
            {
                _damage ??= _decoded;
                _seeking = true;
            }

            int next = bytes[1..].IndexOf((byte)0xFF);
            _window.Advance(next < 0 ? bytes.Length : next + 1);
        }
    }

    private bool IsPlausible(long first) => first >= _decoded && (_info.Samples == 0 ? first - _decoded < 600L * SampleRate : first < _info.Samples);

    private void Hash(int length)
    {
        int bytes = (_info.Bits + 7) / 8, at = 0;
        for (int i = 0; i < length; i++)
        {
            foreach (int[] channel in _samples)
            {
                int value = channel[i];
                for (int b = 0; b < bytes; b++, value >>= 8)
                {
                    _packed[at++] = (byte)value;
                }
            }
        }

        _hash.AppendData(_packed, 0, at);
    }

    private void End()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        if (_decoded == 0)
        {
            throw new AudioException($"'{_name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples };
        }

        SayDamage();
        if (_info.Samples > 0 && _decoded != _info.Samples)
        {
            _found(Shortfall.Of(_info.Samples, _decoded, SampleRate));
        }
        else if (_damage is null && _info.Md5.AsSpan().ContainsAnyExcept((byte)0) && !_hash.GetHashAndReset().AsSpan().SequenceEqual(_info.Md5))
        {
            _found("The samples do not give the checksum that the file carries, although every frame is whole; it was changed or written wrongly.");
        }
    }

    private void SayDamage()
    {
        if (_damage is long place)
        {
            _found(string.Create(CultureInfo.InvariantCulture, $"The file is damaged at {(double)place / SampleRate:0.##} s. Frames that cannot be decoded are silence; what follows keeps its place."));
        }
    }
}
