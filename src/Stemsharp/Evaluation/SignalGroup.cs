using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Evaluation;

/// <summary>
/// Several recordings read side by side, channel by channel. The group ends where the longest of its first
/// recordings, the references, ends; shorter ones continue as silence.
/// </summary>
internal sealed class SignalGroup : IDisposable
{
    /// <summary>Most frames that one reading gives.</summary>
    public const int BlockFrames = 16384;

    private readonly List<IAudioReader> _readers = [];
    private readonly int _references;
    private readonly float[] _interleaved;
    private readonly double[][] _block;

    /// <summary>Opens all of them.</summary>
    /// <param name="signals">The references first.</param>
    /// <param name="references">How many are references.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="AudioException">Rates or channels differ, or a recording can't be opened.</exception>
    public SignalGroup(IReadOnlyList<EvaluationSignal> signals, int references, CancellationToken cancellationToken)
    {
        _references = references;
        try
        {
            foreach (EvaluationSignal signal in signals)
            {
                IAudioReader reader = signal.Open(cancellationToken);
                _readers.Add(reader);
                if (reader.SampleRate != SampleRate || reader.Channels != Channels)
                {
                    throw new AudioException(
                        $"{signal.Name} has {reader.SampleRate} Hz and {reader.Channels} channels, but {signals[0].Name} has {SampleRate} Hz and {Channels}; " +
                        "references, estimates and mixture of a track must agree. Convert one of them.")
                    { Failure = AudioFailure.Unsupported };
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _interleaved = new float[BlockFrames * Channels];
        _block = new double[_readers.Count * Channels][];
        for (int c = 0; c < _block.Length; c++)
        {
            _block[c] = new double[BlockFrames];
        }
    }

    /// <summary>Frames per second, the same for all.</summary>
    public int SampleRate => _readers[0].SampleRate;

    /// <summary>Channels of each recording.</summary>
    public int Channels => _readers[0].Channels;

    /// <summary>Frames read so far.</summary>
    public long Position { get; private set; }

    /// <summary>
    /// Reads the next frames into <paramref name="block"/>, [recording · channels + channel][frame], valid until
    /// the next call.
    /// </summary>
    /// <returns>Frames; 0 at the end.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(out double[][] block)
    {
        int length = 0;
        block = _block;
        for (int r = 0; r < _readers.Count; r++)
        {
            int filled = Fill(_readers[r]);
            if (r < _references)
            {
                length = Math.Max(length, filled);
            }

            for (int c = 0; c < Channels; c++)
            {
                double[] channel = _block[r * Channels + c];
                for (int i = 0; i < filled; i++)
                {
                    channel[i] = _interleaved[i * Channels + c];
                }

                Array.Clear(channel, filled, channel.Length - filled);
            }
        }

        Position += length;
        return length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IAudioReader reader in _readers)
        {
            reader.Dispose();
        }
    }

    private int Fill(IAudioReader reader)
    {
        int filled = 0;
        while (filled < BlockFrames)
        {
            int read = reader.Read(_interleaved.AsSpan(filled * Channels));
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        return filled;
    }
}
