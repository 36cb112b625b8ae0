using System.Runtime.CompilerServices;
using NLayer;

namespace Stemsharp.Audio;

/// <summary>Decodes MPEG audio frame by frame, without what encoder and decoder add at the ends.</summary>
internal sealed class Mp3Reader : IAudioReader
{
    private const int LargestFrame = 1152;

    private readonly Mp3Stream _stream;
    private readonly MpegFrameDecoder _decoder = new();
    private readonly Mp3LayerThree _layerThree = new();
    private readonly Mp3Cut _cut;
    private readonly Mp3Frame _first = new();
    private readonly float[] _raw = new float[2 * LargestFrame];
    private float[] _samples = [];
    private int _at, _end;
    private long _position;
    private bool _began;

    /// <param name="file">The file; disposed with the reader.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="info">What is known of it.</param>
    /// <param name="cut">Which samples count.</param>
    public Mp3Reader(Stream file, string name, AudioInfo info, Mp3Cut cut)
    {
        _stream = new Mp3Stream(file, name);
        _cut = cut;
        SampleRate = info.SampleRate;
        Channels = info.Channels;
        Length = info.Length;
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public long? Length { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        while (_at == _end)
        {
            if (interleaved.Length < Channels || !Next())
            {
                return 0;
            }
        }

        int frames = Math.Min(interleaved.Length / Channels, _end - _at);
        _samples.AsSpan(_at * Channels, frames * Channels).CopyTo(interleaved);
        _at += frames;
        return frames;
    }

    public void Dispose() => _stream.Dispose();

    private bool Next()
    {
        if (!_began)
        {
            _began = true;
            if (!_stream.Next(null))
            {
                return false;
            }

            _first.TryReadHead(_stream.Frame.Bytes);
            if (Mp3Info.TryRead(_stream.Frame) is null)
            {
                Decode();
                return true;
            }
        }

        if (!_stream.Next(_first))
        {
            return false;
        }

        Decode();
        return true;
    }

    private void Decode()
    {
        Mp3Frame frame = _stream.Frame;
        int channels = frame.Channels, count = frame.SampleCount;
        // A frame that needs bytes of frames that are not there is silence, so that the others keep their place.
        _raw.AsSpan().Clear();
        try
        {
            if (frame.Layer == MpegLayer.LayerIII)
            {
                _layerThree.Decode(frame, _raw);
            }
            else
            {
                _decoder.DecodeFrame(frame, _raw.AsSpan());
            }
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or InvalidDataException or NullReferenceException)
        {
            _raw.AsSpan().Clear();
            _decoder.Reset();
            _layerThree.Reset();
        }

        if (channels == Channels)
        {
            _samples = _raw;
        }
        else
        {
            _samples = _samples.Length < count * Channels || ReferenceEquals(_samples, _raw) ? new float[LargestFrame * Channels] : _samples;
            ChannelConversion.Convert(_raw.AsSpan(0, count * channels), channels, _samples, Channels);
        }

        Keep(count);
        _position += count;
    }

    // A frame may hold the recording's start or the end of its padding, and both in a short file.
    private void Keep(int count)
    {
        long from = Math.Max(_position, _cut.Start), to = Math.Min(_position + count, _cut.GapStart);
        if (to <= from)
        {
            from = Math.Max(_position, Math.Max(_cut.GapEnd, _cut.Start));
            to = _position + count;
        }

        (_at, _end) = to > from ? ((int)(from - _position), (int)(to - _position)) : (0, 0);
    }
}
