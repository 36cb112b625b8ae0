using System.Runtime.CompilerServices;

namespace Stemsharp.Separation;

/// <summary>One piece of the track that the network sees by itself.</summary>
/// <param name="Run">Which of the shifted runs it belongs to.</param>
/// <param name="Index">Its number within the run.</param>
/// <param name="Start">Where it begins in the track; negative in a shifted run's first piece.</param>
/// <param name="Length">Its samples: a segment, or less at the track's end.</param>
internal readonly record struct Chunk(int Run, long Index, long Start, int Length)
{
    /// <summary>Where the network's window begins that has this chunk in its middle.</summary>
    public long WindowStart(int window) => Start - (window - Length) / 2;
}

/// <summary>
/// The pieces of all shifted runs over one track, in order of where they begin. A run with offset o begins
/// (maximum − o) samples before the track, and its pieces follow each other by one stride.
/// </summary>
internal sealed class ChunkSchedule
{
    private readonly long[] _starts;
    private readonly long[] _next;
    private readonly int _segment;
    private readonly int _stride;
    private readonly int _borderBehind;

    /// <param name="length">Samples of the track.</param>
    /// <param name="segment">Samples of a piece.</param>
    /// <param name="stride">Samples from one piece to the next; null for one piece only.</param>
    /// <param name="offsets">Each run's offset.</param>
    /// <param name="maximum">The largest offset there can be.</param>
    /// <param name="border">Samples that belong to the pieces before the track.</param>
    /// <param name="borderBehind">Samples that belong to the pieces behind the track.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ChunkSchedule(long length, int segment, int? stride, IReadOnlyList<int> offsets, int maximum, int border = 0, int borderBehind = 0)
    {
        Length = length;
        _borderBehind = borderBehind;
        _segment = segment;
        _starts = new long[offsets.Count];
        _next = new long[offsets.Count];
        for (int run = 0; run < offsets.Count; run++)
        {
            _starts[run] = offsets[run] - maximum - border;
        }

        // Without a stride the first piece takes everything, and the second would begin past the end.
        _stride = stride ?? int.MaxValue;
        for (int run = 0; run < offsets.Count; run++)
        {
            long total = length - _starts[run];
            Count += (total + _stride - 1) / _stride;
        }

        // With the border behind the track, whose own pieces reach no sample of it and are left out.
        LastIndex = (border + length + borderBehind + _stride - 1) / _stride - 1;
    }

    /// <summary>Samples of the track.</summary>
    public long Length { get; }

    /// <summary>The number of the last piece of a run that is not shifted, those behind the track included.</summary>
    public long LastIndex { get; }

    /// <summary>Pieces in all.</summary>
    public long Count { get; }

    /// <summary>Where the next piece begins; the track's length when there is none. Everything before is final.</summary>
    public long NextStart => NextRun() is int run and >= 0 ? StartOf(run) : Length;

    /// <summary>Takes the next piece.</summary>
    public bool TryNext(out Chunk chunk)
    {
        int run = NextRun();
        if (run < 0)
        {
            chunk = default;
            return false;
        }

        long start = StartOf(run);
        chunk = new Chunk(run, _next[run], start, (int)Math.Min(_segment, Length + _borderBehind - start));
        _next[run]++;
        return true;
    }

    private long StartOf(int run) => _starts[run] + _next[run] * _stride;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int NextRun()
    {
        int best = -1;
        for (int run = 0; run < _starts.Length; run++)
        {
            if (StartOf(run) < Length && (best < 0 || StartOf(run) < StartOf(best)))
            {
                best = run;
            }
        }

        return best;
    }
}
