using System.Runtime.CompilerServices;

namespace Stemsharp.Evaluation;

/// <summary>Reads a track's references and estimates in frames and scores each.</summary>
internal sealed class FrameScorer : IDisposable
{
    private readonly SignalGroup _group;
    private readonly FrameDecomposition? _decomposition;
    private readonly CancellationToken _cancellationToken;
    private readonly int _stems;
    private readonly int _window;
    private readonly int _hop;
    private readonly double[][] _frame;
    private double[][] _block = [];
    private int _blockLength;
    private int _blockPosition;
    private int _held;
    private int _skip;
    private bool _any;

    /// <summary>Opens the recordings.</summary>
    /// <param name="signals">The references, then the estimates.</param>
    /// <param name="stems">How many of each.</param>
    /// <param name="decomposition">Splits the errors; null for SDR alone.</param>
    /// <param name="options">Window and hop.</param>
    /// <param name="cancellationToken">Stops between frames.</param>
    public FrameScorer(
        IReadOnlyList<EvaluationSignal> signals, int stems, FrameDecomposition? decomposition,
        EvaluationOptions options, CancellationToken cancellationToken)
    {
        _group = new SignalGroup(signals, stems, cancellationToken);
        _decomposition = decomposition;
        _cancellationToken = cancellationToken;
        _stems = stems;
        _window = Math.Max(1, (int)(options.Window * _group.SampleRate));
        _hop = Math.Max(1, (int)(options.Hop * _group.SampleRate));
        _frame = new double[2 * stems * _group.Channels][];
        for (int c = 0; c < _frame.Length; c++)
        {
            _frame[c] = new double[_window];
        }
    }

    /// <summary>The next frame's scores, a stem each; null at the end.</summary>
    public FrameScores[]? Next()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        while (_held < _window)
        {
            if (_blockPosition == _blockLength)
            {
                _blockLength = _group.Read(out _block);
                _blockPosition = 0;
                if (_blockLength == 0)
                {
                    break;
                }
            }

            int skipped = Math.Min(_skip, _blockLength - _blockPosition);
            _skip -= skipped;
            _blockPosition += skipped;
            int count = Math.Min(_window - _held, _blockLength - _blockPosition);
            for (int c = 0; c < _frame.Length; c++)
            {
                Array.Copy(_block[c], _blockPosition, _frame[c], _held, count);
            }

            _held += count;
            _blockPosition += count;
        }

        // A recording shorter than a frame is one frame; otherwise only full frames count.
        if (_held == 0 || (_held < _window && _any))
        {
            return null;
        }

        _any = true;
        FrameScores[] scores = Score(_held);
        int kept = Math.Max(0, _held - _hop);
        _skip = Math.Max(0, _hop - _held);
        for (int c = 0; c < _frame.Length; c++)
        {
            Array.Copy(_frame[c], _held - kept, _frame[c], 0, kept);
        }

        _held = kept;
        return scores;
    }

    /// <inheritdoc/>
    public void Dispose() => _group.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private FrameScores[] Score(int length)
    {
        int channels = _group.Channels;
        for (int signal = 0; signal < 2 * _stems; signal++)
        {
            if (!Silence.IsAudible(_frame.AsSpan(signal * channels, channels), length))
            {
                return [.. Enumerable.Repeat(FrameScores.Undefined, _stems)];
            }
        }

        double[][] references = _frame[..(_stems * channels)];
        double[][] estimates = _frame[(_stems * channels)..];
        if (_decomposition is not null)
        {
            return _decomposition.Scores(references, estimates, length);
        }

        FrameScores[] scores = new FrameScores[_stems];
        double[] scratch = new double[length];
        for (int stem = 0; stem < _stems; stem++)
        {
            EnergySums sums = default;
            for (int c = stem * channels; c < (stem + 1) * channels; c++)
            {
                sums.Add(references[c].AsSpan(0, length), estimates[c].AsSpan(0, length), scratch);
            }

            scores[stem] = FrameScores.Undefined with { Sdr = sums.Snr };
        }

        return scores;
    }
}
