using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>An input that has been opened: it can be read from its start as often as needed.</summary>
internal sealed class SeparatorSong : IDisposable
{
    private readonly AudioSource? _owned;
    private readonly TrackSpool? _spool;

    /// <param name="input">The input.</param>
    /// <param name="sampleRate">The model's rate.</param>
    /// <param name="channels">The model's channels.</param>
    /// <param name="temporaryFolder">Where a stream is spooled; null for the system's.</param>
    /// <param name="cancellationToken">Ends the spooling of a stream.</param>
    public SeparatorSong(
        AudioInput input, int sampleRate, int channels, string? temporaryFolder, CancellationToken cancellationToken)
    {
        (AudioSource? source, bool owned) = input.OpenSource(temporaryFolder, cancellationToken);
        _owned = owned ? source : null;
        SampleRate = source?.Info.SampleRate ?? input.SampleRate;
        Channels = source?.Info.Channels ?? input.Channels;
        Warnings = source?.Info.Warnings ?? [];
        bool costly = input.IsCostly || source is { IsDecoded: true } || SampleRate != sampleRate;
        _spool = costly ? new TrackSpool(Open, temporaryFolder) : null;
        Track = new Track(input.Name, _spool is null ? Open : _spool.Open);

        IAudioReader Open(CancellationToken token) => Convert(source?.OpenReader(token) ?? input.OpenSamples());

        IAudioReader Convert(IAudioReader reader)
        {
            if (reader.Channels != channels)
            {
                reader = new ChannelReader(reader, channels);
            }

            reader = new FiniteReader(reader, input.Name);
            return reader.SampleRate == sampleRate ? reader : new ResamplingReader(reader, sampleRate);
        }
    }

    /// <summary>The input's own rate in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>The input's own channels.</summary>
    public int Channels { get; }

    /// <summary>What was odd about the input.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The input at the model's rate and channels.</summary>
    public Track Track { get; }

    public void Dispose()
    {
        _spool?.Dispose();
        _owned?.Dispose();
    }
}
