using System.Runtime.Intrinsics;

namespace Stemsharp.Export.Interpretation;

/// <summary>
/// The rule of sums: elements in row-major order go to sixteen single-precision partial sums in turn, as any
/// vector unit has them; the sixteen are added pairwise at the end. With one partial sum it is a chain.
/// </summary>
internal ref struct LaneSum(Span<float> lanes)
{
    public const int Lanes = 16;
    private readonly Span<float> _lanes = lanes;

    /// <summary>How many partial sums an order has.</summary>
    public static int Count(Summation order) => order == Summation.Chain ? 1 : Lanes;

    private int _next;

    public void Add(ReadOnlySpan<float> values, bool squared, float centre = 0)
    {
        int i = 0;
        for (; i < values.Length && _next != 0; i++)
        {
            AddOne(values[i], squared, centre);
        }

        if (_lanes.Length == Lanes && values.Length - i >= Lanes)
        {
            Vector512<float> sum = Vector512.Create<float>(_lanes), middle = Vector512.Create(centre);
            for (; i <= values.Length - Lanes; i += Lanes)
            {
                Vector512<float> v = Vector512.Create(values[i..]) - middle;
                sum += squared ? v * v : v;
            }

            sum.CopyTo(_lanes);
        }

        for (; i < values.Length; i++)
        {
            AddOne(values[i], squared, centre);
        }
    }

    public readonly float Total()
    {
        for (int width = _lanes.Length / 2; width > 0; width /= 2)
        {
            for (int i = 0; i < width; i++)
            {
                _lanes[i] += _lanes[i + width];
            }
        }

        return _lanes[0];
    }

    private void AddOne(float value, bool squared, float centre)
    {
        float v = value - centre;
        _lanes[_next] += squared ? v * v : v;
        _next = (_next + 1) % _lanes.Length;
    }
}
