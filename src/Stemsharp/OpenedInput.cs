using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>An input that is open: the one place where inputs are opened, whatever they come from.</summary>
internal sealed class OpenedInput : IDisposable
{
    private readonly AudioInput _input;
    private readonly AudioSource? _source;
    private readonly bool _owned;

    private OpenedInput(AudioInput input, AudioSource? source, bool owned)
    {
        _input = input;
        _source = source;
        _owned = owned;
    }

    /// <summary>What messages call it.</summary>
    public string Name => _input.Name;

    /// <summary>Its own rate in Hz.</summary>
    public int SampleRate => _source?.Info.SampleRate ?? _input.SampleRate;

    /// <summary>Its own channels.</summary>
    public int Channels => _source?.Info.Channels ?? _input.Channels;

    /// <summary>Its length in frames at its own rate, where known exactly.</summary>
    public long? Length => _source is null ? _input.FrameCount : _source.Info.Length;

    /// <summary>Its length in frames at its own rate, as far as its header tells.</summary>
    public long? EstimatedLength => _source is null ? _input.FrameCount : _source.Info.EstimatedLength;

    /// <summary>Its depth; null for compressed ones.</summary>
    public SampleFormat? Depth => _source is null ? SampleFormat.Float32 : _source.Info.SampleFormat;

    /// <summary>What is odd about it, as far as it has been read.</summary>
    public IReadOnlyList<string> Warnings => [.. _source?.Info.Notes ?? [], .. LostChannels, .. _source?.Warnings ?? []];

    /// <summary>Whether reading it has met damage, or another length than it says.</summary>
    public bool IsDamaged => _source is { IsDamaged: true };

    /// <summary>Its tags and cover; empty where they were not asked for.</summary>
    public AudioTags Tags { get; private init; } = AudioTags.Empty;

    /// <summary>Whether reading it costs a decoder, or other work, each time.</summary>
    public bool IsCostly => _source is { IsDecoded: true } || _input.IsCostly;

    /// <summary>Its stage in the timeline; -1 without one.</summary>
    public int Stage { get; private init; } = -1;

    /// <summary>Opens an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="temporaryFolder">Where a stream is spooled; null for the system's.</param>
    /// <param name="cancellationToken">Ends the spooling of a stream.</param>
    /// <param name="tags">Whether its tags are read too.</param>
    /// <param name="timeline">Notes the stage; null for nobody.</param>
    public static OpenedInput Open(
        AudioInput input, string? temporaryFolder, CancellationToken cancellationToken, bool tags = false, Timeline? timeline = null)
    {
        long began = Timeline.Now;
        (AudioSource? source, bool owned) = input.OpenSource(temporaryFolder, cancellationToken);
        try
        {
            AudioTags read = tags && source is not null ? source.ReadTags(cancellationToken) : AudioTags.Empty;
            return new OpenedInput(input, source, owned) { Tags = read, Stage = timeline?.Add("open", began) ?? -1 };
        }
        catch
        {
            if (owned)
            {
                source?.Dispose();
            }

            throw;
        }
    }

    /// <summary>Its length in frames at its own rate, counted where its header only gives an estimate; null where only decoding would tell.</summary>
    public long? CountFrames(CancellationToken cancellationToken) => _source is null ? _input.FrameCount : _source.CountFrames(cancellationToken);

    /// <summary>A reader at its start, as it is.</summary>
    public IAudioReader OpenReader(CancellationToken cancellationToken) => _source?.OpenReader(cancellationToken) ?? _input.OpenSamples();

    /// <summary>A reader at its start, in another form.</summary>
    public IAudioReader OpenReader(int sampleRate, int channels, CancellationToken cancellationToken) =>
        AudioSource.Convert(OpenReader(cancellationToken), sampleRate, channels, Downmix, _source?.Info.SpeakerMask);

    /// <summary>A reader at its start, with other channels.</summary>
    public IAudioReader OpenReader(int channels, CancellationToken cancellationToken) => OpenReader(SampleRate, channels, cancellationToken);

    /// <exception cref="AudioException">The file is not what it was when it was opened.</exception>
    public void RequireUnchanged() => _source?.RequireUnchanged();

    public void Dispose()
    {
        if (_owned)
        {
            _source?.Dispose();
        }
    }

    private Downmix Downmix => _source?.Downmix ?? Downmix.First;

    private string[] LostChannels => Channels > 2 && Downmix == Downmix.First
        ? [$"Of {Channels} channels the first two are used, as the original does it; what is in the others, such as a voice in the centre, is not heard. The downmixes mix and itu use all."]
        : [];
}
