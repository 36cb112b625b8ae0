namespace Stemsharp.Separation;

/// <summary>
/// The cross-fade between overlapping pieces: a triangle to a power, divided by the sum of all triangles that lie
/// over the same sample, so that finished samples need no division. Only the number of pieces before a piece
/// matters: after enough of them the weights repeat.
/// </summary>
internal sealed class TransitionWeights
{
    private readonly double[] _triangle;
    private readonly int _stride;
    private readonly int _reach;
    private float[]? _settled;

    /// <param name="segment">Samples of a piece.</param>
    /// <param name="stride">Samples from one piece to the next; null for a single piece, which has weight 1.</param>
    /// <param name="power">Power of the triangle, at least 1.</param>
    public TransitionWeights(int segment, int? stride, double power)
    {
        _stride = stride ?? segment;
        _reach = (segment - 1) / _stride;
        _triangle = new double[segment];
        double top = segment - segment / 2;
        for (int i = 0; i < segment; i++)
        {
            int height = i < segment / 2 ? i + 1 : segment - i;
            _triangle[i] = Math.Pow(height / top, power);
        }
    }

    /// <summary>The weights of a run's piece, at least as many as it has samples.</summary>
    /// <param name="index">Its number within the run.</param>
    public float[] Of(long index)
    {
        if (index >= _reach)
        {
            return _settled ??= Compute(_reach);
        }

        return Compute((int)index);
    }

    private float[] Compute(int before)
    {
        float[] result = new float[_triangle.Length];
        for (int i = 0; i < result.Length; i++)
        {
            double sum = 0;
            for (int other = -before; other * (long)_stride <= i; other++)
            {
                long at = i - other * (long)_stride;
                if (at < _triangle.Length)
                {
                    sum += _triangle[at];
                }
            }

            result[i] = (float)(_triangle[i] / sum);
        }

        return result;
    }
}
