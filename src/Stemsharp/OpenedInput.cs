using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>An input that was opened before its separation, because its files keep something of it.</summary>
internal sealed class OpenedInput : IDisposable
{
    private readonly AudioSource? _source;
    private readonly bool _owned;

    private OpenedInput(AudioInput input, AudioSource? source, bool owned, AudioTags tags)
    {
        // What was opened here is not opened, or spooled, a second time.
        Input = source is null ? input : AudioInput.FromSource(source, input.Name);
        _source = source;
        _owned = owned;
        Tags = tags;
    }

    /// <summary>The input for the separation.</summary>
    public AudioInput Input { get; }

    /// <summary>Its length in frames at its own rate, where known exactly.</summary>
    public long? Length => _source is null ? Input.OpenSamples().Length : _source.Info.Length;

    /// <summary>Its depth; null for compressed ones.</summary>
    public SampleFormat? Depth => _source is null ? SampleFormat.Float32 : _source.Info.SampleFormat;

    /// <summary>Its tags and cover; empty where they were not asked for.</summary>
    public AudioTags Tags { get; }

    /// <summary>Opens an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="temporaryFolder">Where a stream is spooled; null for the system's.</param>
    /// <param name="tags">Whether its tags are read too.</param>
    /// <param name="cancellationToken">Ends the spooling of a stream.</param>
    public static Task<OpenedInput> OpenAsync(AudioInput input, string? temporaryFolder, bool tags, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            (AudioSource? source, bool owned) = input.OpenSource(temporaryFolder, cancellationToken);
            try
            {
                return new OpenedInput(input, source, owned, tags && source is not null ? source.ReadTags(cancellationToken) : AudioTags.Empty);
            }
            catch
            {
                if (owned)
                {
                    source?.Dispose();
                }

                throw;
            }
        },
        cancellationToken);

    /// <summary>A reader at its start, in another form.</summary>
    public IAudioReader OpenReader(int sampleRate, int channels) => _source is null
        ? AudioSource.Convert(Input.OpenSamples(), sampleRate, channels)
        : _source.OpenReader(sampleRate, channels);

    public void Dispose()
    {
        if (_owned)
        {
            _source?.Dispose();
        }
    }
}
