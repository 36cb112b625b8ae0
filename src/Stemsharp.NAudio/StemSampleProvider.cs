using NAudio.Wave;

namespace Stemsharp;

/// <summary>
/// Plays one stem of a song while the song is separated, at most two blocks ahead; a read waits for the separation where it comes too
/// early. Samples are not clipped. One reader at a time; disposing it stops the separation.
/// </summary>
public sealed class StemSampleProvider : ISampleProvider, IDisposable
{
    private readonly IAsyncEnumerator<StemBlock> _blocks;
    private readonly CancellationTokenSource _stop = new();
    private float[] _samples = [];
    private int _from, _to;
    private bool _ended;

    /// <summary>Makes the provider; the separation begins at the first read.</summary>
    /// <param name="separator">Stays open while the stem is played.</param>
    /// <param name="input">The song.</param>
    /// <param name="stem">Which stem.</param>
    /// <param name="options">How the song is separated; null for the separator's defaults. Its stems are not looked at.</param>
    /// <exception cref="OptionException">There is no such stem, or an option is out of range.</exception>
    public StemSampleProvider(StemSeparator separator, AudioInput input, string stem, SeparationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(separator);
        ArgumentNullException.ThrowIfNull(input);
        if (!separator.Stems.Contains(stem, StringComparer.OrdinalIgnoreCase))
        {
            throw new OptionException($"There is no stem '{stem}' in {separator.Model}; it has {string.Join(", ", separator.Stems)}.");
        }

        WaveFormat = WaveFormat.CreateIeeeFloatWaveFormat(separator.SampleRate, Channels);
        _blocks = separator.StreamAsync(input, (options ?? separator.Options.Defaults) with { Stems = [stem] }, cancellationToken: _stop.Token).GetAsyncEnumerator();
    }

    // Of all models that are known.
    private const int Channels = 2;

    /// <summary>32-bit floats at the model's rate.</summary>
    public WaveFormat WaveFormat { get; }

    /// <summary>Reads the next samples, waiting for them.</summary>
    /// <param name="buffer">Gets interleaved samples.</param>
    /// <returns>How many there were; 0 at the song's end.</returns>
    /// <exception cref="StemsharpException">The separation failed.</exception>
    public int Read(Span<float> buffer)
    {
        int done = 0;
        while (done < buffer.Length && (_from < _to || Next()))
        {
            int count = Math.Min(buffer.Length - done, _to - _from);
            _samples.AsSpan(_from, count).CopyTo(buffer[done..]);
            _from += count;
            done += count;
        }

        return done;
    }

    /// <summary>Stops the separation.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _blocks.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private bool Next()
    {
        if (_ended || !_blocks.MoveNextAsync().AsTask().GetAwaiter().GetResult())
        {
            _ended = true;
            return false;
        }

        StemBlock block = _blocks.Current;
        (_from, _to) = (0, block.Length * block.Info.Channels);
        if (_samples.Length < _to)
        {
            _samples = new float[_to];
        }

        block.CopyStemInterleaved(0, _samples);
        return true;
    }
}
