using System.Runtime.CompilerServices;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>
/// The cross-fade between overlapping pieces, each weight divided by the sum of all that lie over the same sample, so that finished
/// samples need no division. Where no piece has a weight, all of them are zero.
/// </summary>
internal abstract class PieceWeights
{
    private float[]? _settled;

    /// <param name="samples">Samples of a piece.</param>
    /// <param name="stride">Samples from one piece to the next; null for a single piece, which has weight 1.</param>
    protected PieceWeights(int samples, int? stride)
    {
        Samples = samples;
        Stride = stride ?? samples;
        Reach = (samples - 1) / Stride;
    }

    /// <summary>Samples of a piece.</summary>
    protected int Samples { get; }

    /// <summary>Samples from one piece to the next.</summary>
    protected int Stride { get; }

    /// <summary>How many pieces before one, and after it, lie over some of its samples.</summary>
    protected int Reach { get; }

    /// <summary>The weights of a cut.</summary>
    /// <param name="cut">How a track is cut.</param>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="stride">Samples from one piece to the next; null for a single piece, which has weight 1.</param>
    /// <param name="power">Power of a triangle, at least 1.</param>
    /// <param name="total">Samples of the track with its borders.</param>
    public static PieceWeights Of(PieceCut cut, int samples, int? stride, double power, long total) => cut.Fade switch
    {
        PieceFade.Hann => new HannWeights(samples, stride, total),
        PieceFade.Lines => new LineWeights(samples, stride, samples / cut.FadeDivisor),
        _ => new TriangleWeights(samples, stride, power),
    };

    /// <summary>The weights of a run's piece, at least as many as it has samples.</summary>
    /// <param name="index">Its number within the run.</param>
    /// <param name="last">The last piece's number.</param>
    public float[] Of(long index, long last) => IsSettled(index, last) ? _settled ??= Compute(index, last) : Compute(index, last);

    /// <summary>Whether a piece is so far from the first and last one that its weights are those of every such piece.</summary>
    protected abstract bool IsSettled(long index, long last);

    /// <summary>The last piece that counts.</summary>
    protected virtual long EndOf(long last) => last;

    /// <summary>A piece's weight before it is divided.</summary>
    protected abstract double Raw(long index, long last, int sample);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float[] Compute(long index, long last)
    {
        float[] result = new float[Samples];
        int before = (int)Math.Min(index, Reach);
        long end = EndOf(last);
        for (int i = 0; i < result.Length; i++)
        {
            double sum = 0;
            for (int other = -before; other * (long)Stride <= i && index + other <= end; other++)
            {
                long at = i - other * (long)Stride;
                if (at < Samples)
                {
                    sum += Raw(index + other, last, (int)at);
                }
            }

            result[i] = sum > 0 ? (float)(Raw(index, last, i) / sum) : 0;
        }

        return result;
    }

    /// <summary>A triangle to a power: demucs' apply_model. Only the number of pieces before a piece matters.</summary>
    private sealed class TriangleWeights : PieceWeights
    {
        private readonly double[] _triangle;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public TriangleWeights(int samples, int? stride, double power)
            : base(samples, stride)
        {
            _triangle = new double[samples];
            double top = samples - samples / 2;
            for (int i = 0; i < samples; i++)
            {
                int height = i < samples / 2 ? i + 1 : samples - i;
                _triangle[i] = Math.Pow(height / top, power);
            }
        }

        // A piece that begins behind the track's end lies over none of its samples: counting it changes nothing.
        protected override long EndOf(long last) => long.MaxValue;

        protected override bool IsSettled(long index, long last) => index >= Reach;

        protected override double Raw(long index, long last, int sample) => _triangle[sample];
    }

    /// <summary>Lines between 0 and 1 at both ends, but for the first piece's start and the last one's end.</summary>
    private sealed class LineWeights(int samples, int? stride, int fade) : PieceWeights(samples, stride)
    {
        private readonly bool _isSingle = stride is null;

        // The first and the last piece have weights of their own, which their neighbours' sums hold.
        protected override bool IsSettled(long index, long last) => index > Reach && index < last - Reach;

        protected override double Raw(long index, long last, int sample)
        {
            if (sample < fade && index > 0 && !_isSingle)
            {
                return Line(sample);
            }

            // The first piece keeps its fade at the end even where it is the last one too: nothing lies beside it there.
            bool fadesOut = sample >= Samples - fade && (index < last || index == 0) && !_isSingle;
            return fadesOut ? 1 - Line(sample - (Samples - fade)) : 1;
        }

        private double Line(int at) => fade > 1 ? (double)at / (fade - 1) : 1;
    }

    /// <summary>A symmetric Hann window over each piece, shorter over one that is cut off at the end of the border behind the track.</summary>
    private sealed class HannWeights(int samples, int? stride, long total) : PieceWeights(samples, stride)
    {
        // A piece beside a cut off one has that one's weights in its sums.
        protected override bool IsSettled(long index, long last) => index >= Reach && (index + Reach) * Stride + Samples <= total;

        protected override double Raw(long index, long last, int sample)
        {
            long length = Math.Min(Samples, total - index * Stride);
            return Stride >= Samples || length == 1 ? 1 : sample < length ? 0.5 - 0.5 * Math.Cos(2 * Math.PI * sample / (length - 1)) : 0;
        }
    }
}
