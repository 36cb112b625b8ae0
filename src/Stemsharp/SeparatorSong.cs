using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>An input at a model's rate and channels: it can be read from its start as often as needed.</summary>
internal sealed class SeparatorSong : IDisposable
{
    private readonly TrackSpool? _spool;

    /// <param name="input">The input; stays open.</param>
    /// <param name="sampleRate">The model's rate.</param>
    /// <param name="channels">The model's channels.</param>
    /// <param name="temporaryFolder">Where samples wait that are costly to read; null for the system's.</param>
    public SeparatorSong(OpenedInput input, int sampleRate, int channels, string? temporaryFolder)
    {
        bool costly = input.IsCostly || input.SampleRate != sampleRate;
        _spool = costly ? new TrackSpool(Open, temporaryFolder) : null;
        Track = new Track(input.Name, _spool is null ? Open : _spool.Open);

        IAudioReader Open(CancellationToken token)
        {
            FiniteReader reader = new(input.OpenReader(channels, token), input.Name);
            return reader.SampleRate == sampleRate ? reader : new ResamplingReader(reader, sampleRate);
        }
    }

    /// <summary>The input at the model's rate and channels.</summary>
    public Track Track { get; }

    public void Dispose() => _spool?.Dispose();
}
