using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>
/// A track that is costly to read, because FFmpeg decodes it or it is resampled: the first reading leaves its samples in a temporary
/// file, and later ones, of which every network of a bag takes one, read them there.
/// </summary>
/// <param name="open">Opens it at its start.</param>
/// <param name="folder">Where the samples wait; null for the system's folder.</param>
internal sealed class TrackSpool(Func<CancellationToken, IAudioReader> open, string? folder) : IDisposable
{
    private StemSpool? _spool;
    private long _samples;
    private int _rate, _channels;
    private bool _complete;

    /// <summary>Opens the track at its start. One reader at a time.</summary>
    public IAudioReader Open(CancellationToken cancellationToken)
    {
        if (_complete)
        {
            return new Later(this);
        }

        IAudioReader reader = open(cancellationToken);
        (_rate, _channels) = (reader.SampleRate, reader.Channels);

        // A reading that stopped before the end left nothing of use.
        _samples = 0;
        _spool ??= new StemSpool(folder, 1, reader.Length * reader.Channels ?? 0);
        return new First(this, reader);
    }

    public void Dispose() => _spool?.Dispose();

    private sealed class First(TrackSpool owner, IAudioReader inner) : IAudioReader
    {
        public int SampleRate => inner.SampleRate;

        public int Channels => inner.Channels;

        public long? Length => inner.Length;

        public int Read(Span<float> interleaved)
        {
            int frames = inner.Read(interleaved);
            if (frames == 0)
            {
                owner._complete = interleaved.Length >= Channels;
                return 0;
            }

            owner._spool!.Write(0, owner._samples, interleaved[..(frames * Channels)]);
            owner._samples += (long)frames * Channels;
            return frames;
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Later(TrackSpool owner) : IAudioReader
    {
        private long _position;

        public int SampleRate => owner._rate;

        public int Channels => owner._channels;

        public long? Length => owner._samples / Channels;

        public int Read(Span<float> interleaved)
        {
            int count = (int)Math.Min(interleaved.Length / Channels * Channels, owner._samples - _position);
            int got = count == 0 ? 0 : owner._spool!.Read(0, _position, interleaved[..count]);
            _position += got;
            return got / Channels;
        }

        public void Dispose()
        {
        }
    }
}
