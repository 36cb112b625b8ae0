using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>
/// The stretch of a track around the piece at work, read front to back once. Outside of the track lie zeros, or its mirror image.
/// </summary>
internal sealed class MixWindow
{
    private const int Block = 16_384;
    private readonly IAudioReader _reader;
    private readonly string _name;
    private readonly long _length;
    private readonly float[][] _channels;
    private readonly float[] _interleaved;
    private readonly int _border;
    private long _start;
    private int _count;

    /// <param name="reader">The track, at its start.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="length">Its length as an earlier pass found it.</param>
    /// <param name="capacity">Samples that are held at once as a rule; it grows where more are asked for.</param>
    /// <param name="border">Samples that are mirrored at both ends, fewer than the track has; zeros lie beyond.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public MixWindow(IAudioReader reader, string name, long length, long capacity, int border = 0)
    {
        _border = border;
        _reader = reader;
        _name = name;
        _length = length;
        int size = checked((int)Math.Min(capacity, length) + Block);
        _channels = new float[reader.Channels][];
        for (int c = 0; c < _channels.Length; c++)
        {
            _channels[c] = new float[size];
        }

        _interleaved = new float[Block * reader.Channels];
    }

    /// <summary>The channels of the track.</summary>
    public int Channels => _channels.Length;

    /// <summary>Reads on until everything before <paramref name="end"/> is held, as far as the track reaches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ReadTo(long end)
    {
        // The mirror image before the track is of what comes after.
        end = Math.Min(_border > 0 ? Math.Max(end, _border + 1) : end, _length);
        while (_start + _count < end)
        {
            int wanted = (int)Math.Min(Block, end - _start - _count);
            int frames = FullRead.Frames(_reader, _interleaved.AsSpan(0, wanted * _channels.Length));
            if (frames < wanted)
            {
                throw new AudioException(
                    $"'{_name}' changed while it was read: it had {_length} samples at first and ended at "
                    + $"{_start + _count + frames} now. Start again when nothing writes to it.");
            }

            for (int c = 0; c < _channels.Length; c++)
            {
                if (_count + frames > _channels[c].Length)
                {
                    Array.Resize(ref _channels[c], checked((int)(end - _start)) + Block);
                }

                Span<float> channel = _channels[c].AsSpan(_count, frames);
                for (int i = 0; i < frames; i++)
                {
                    channel[i] = _interleaved[i * _channels.Length + c];
                }
            }

            _count += frames;
        }
    }

    /// <summary>Forgets everything before <paramref name="start"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void DiscardBefore(long start)
    {
        // The mirror image behind the track is of what came before.
        start = _border > 0 ? Math.Min(start, _length - 1 - _border) : start;
        int drop = (int)Math.Clamp(start - _start, 0, _count);

        // Moving only when half of it is stale keeps the cost per sample constant.
        if (drop < _channels[0].Length / 4)
        {
            return;
        }

        foreach (float[] channel in _channels)
        {
            channel.AsSpan(drop, _count - drop).CopyTo(channel);
        }

        _start += drop;
        _count -= drop;
    }

    /// <summary>Copies samples that are held; where the track is not, its mirror image or zeros.</summary>
    /// <param name="channel">Which channel.</param>
    /// <param name="start">First sample, in the track's count; may lie before or after the track.</param>
    /// <param name="destination">As many samples as are wanted.</param>
    public void CopyTo(int channel, long start, Span<float> destination)
    {
        long from = Math.Clamp(start, 0, _length), to = Math.Clamp(start + destination.Length, 0, _length);
        if (from >= to)
        {
            destination.Clear();
            Mirror(channel, start, destination);
            return;
        }

        destination[..(int)(from - start)].Clear();
        destination[(int)(to - start)..].Clear();
        _channels[channel].AsSpan((int)(from - _start), (int)(to - from)).CopyTo(destination[(int)(from - start)..]);
        Mirror(channel, start, destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mirror(int channel, long start, Span<float> destination)
    {
        if (_border == 0)
        {
            return;
        }

        float[] samples = _channels[channel];
        for (long at = Math.Max(start, -_border); at < Math.Min(start + destination.Length, 0); at++)
        {
            destination[(int)(at - start)] = samples[-at - _start];
        }

        for (long at = Math.Max(start, _length); at < Math.Min(start + destination.Length, _length + _border); at++)
        {
            destination[(int)(at - start)] = samples[2 * (_length - 1) - at - _start];
        }
    }
}
