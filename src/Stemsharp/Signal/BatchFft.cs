using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>
/// The numbers of a complex FFT of a power of two: its radices, twiddle factors and output order. Decimation in
/// frequency: samples in natural order in, bins in the order of <see cref="PositionOf"/> out, in place.
/// </summary>
internal sealed class FftTables
{
    public FftTables(int size)
    {
        Size = size;
        List<FftPass> passes = [];
        for (int length = size; length > 1;)
        {
            int radix = Math.Min(length, 8);
            passes.Add(new FftPass(length, radix));
            length /= radix;
        }

        Passes = [.. passes];
        PositionOf = new int[size];
        for (int bin = 0; bin < size; bin++)
        {
            int position = 0, rest = bin;
            foreach (FftPass pass in Passes)
            {
                position += rest % pass.Radix * (pass.Length / pass.Radix);
                rest /= pass.Radix;
            }

            PositionOf[bin] = position;
        }
    }

    /// <summary>Complex points.</summary>
    public int Size { get; }

    public FftPass[] Passes { get; }

    /// <summary>Where the transform leaves bin k.</summary>
    public int[] PositionOf { get; }
}

/// <summary>One pass over blocks of <see cref="Length"/> points: butterflies of <see cref="Radix"/> points, then twiddles.</summary>
internal sealed class FftPass
{
    public FftPass(int length, int radix)
    {
        Length = length;
        Radix = radix;
        int columns = length / radix;
        Twiddles = new float[columns * (radix - 1) * 2];
        int i = 0;
        for (int column = 0; column < columns; column++)
        {
            for (int row = 1; row < radix; row++)
            {
                // The exact quotient of small integers, so that each factor is the float nearest to the truth.
                (double sin, double cos) = Math.SinCos(-2 * Math.PI * (column * (long)row % length) / length);
                Twiddles[i++] = (float)cos;
                Twiddles[i++] = (float)sin;
            }
        }
    }

    public int Length { get; }

    public int Radix { get; }

    /// <summary>[column][row − 1][cos, sin]: what row r of column c is multiplied by.</summary>
    public float[] Twiddles { get; }
}

/// <summary>
/// The FFT itself, over as many frames at once as a vector has lanes. Point k of the buffer is two vectors:
/// the frames' real parts, then their imaginary parts.
/// </summary>
internal static unsafe class BatchFft<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
{
    private const float HalfSqrt2 = 0.70710678118654752f;

    /// <summary>Transforms a buffer of <c>tables.Size</c> points in place.</summary>
    public static void Transform(FftTables tables, float* buffer) => Transform(tables, 0, buffer);

    /// <summary>
    /// Depth first: a block is finished before the next one is begun, so that after the first pass everything
    /// happens within the first-level cache.
    /// </summary>
    private static void Transform(FftTables tables, int level, float* block)
    {
        FftPass pass = tables.Passes[level];
        int columns = pass.Length / pass.Radix;
        fixed (float* twiddles = pass.Twiddles)
        {
            switch (pass.Radix)
            {
                case 8:
                    Pass8(block, columns, twiddles);
                    break;
                case 4:
                    Pass4(block, columns, twiddles);
                    break;
                default:
                    Pass2(block, columns, twiddles);
                    break;
            }
        }

        if (columns > 1)
        {
            for (int row = 0; row < pass.Radix; row++)
            {
                Transform(tables, level + 1, block + (long)row * columns * 2 * TLanes.Count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass8(float* block, int columns, float* twiddles)
    {
        nint point = 2 * TLanes.Count;
        nint row = columns * point;
        TVector half = TLanes.Broadcast(HalfSqrt2);
        for (int column = 0; column < columns; column++, block += point, twiddles += 14)
        {
            Complex x0 = Load(block), x1 = Load(block + row), x2 = Load(block + 2 * row), x3 = Load(block + 3 * row);
            Complex x4 = Load(block + 4 * row), x5 = Load(block + 5 * row);
            Complex x6 = Load(block + 6 * row), x7 = Load(block + 7 * row);

            Complex a0 = Add(x0, x4), b0 = Subtract(x0, x4);
            Complex a1 = Add(x1, x5), b1 = Subtract(x1, x5);
            Complex a2 = Add(x2, x6), b2 = TimesMinusI(Subtract(x2, x6));
            Complex a3 = Add(x3, x7), b3 = Subtract(x3, x7);

            // b1 · e^(−iπ/4) and b3 · e^(−3iπ/4).
            b1 = new Complex(
                TLanes.Multiply(TLanes.Add(b1.Re, b1.Im), half), TLanes.Multiply(TLanes.Subtract(b1.Im, b1.Re), half));
            TVector minus = TLanes.Multiply(TLanes.Subtract(b3.Im, b3.Re), half);
            TVector plus = TLanes.Multiply(TLanes.Add(b3.Re, b3.Im), half);

            // The second one's imaginary part is −plus; the sum and the difference below take the sign in.
            Complex c0 = Add(a0, a2), c1 = Subtract(a0, a2);
            Complex c2 = Add(a1, a3), c3 = TimesMinusI(Subtract(a1, a3));
            Complex d0 = Add(b0, b2), d1 = Subtract(b0, b2);
            Complex d2 = new(TLanes.Add(b1.Re, minus), TLanes.Subtract(b1.Im, plus));
            Complex d3 = TimesMinusI(new Complex(TLanes.Subtract(b1.Re, minus), TLanes.Add(b1.Im, plus)));

            Store(Add(c0, c2), block);
            if (columns == 1)
            {
                Store(Add(d0, d2), block + row);
                Store(Add(c1, c3), block + 2 * row);
                Store(Add(d1, d3), block + 3 * row);
                Store(Subtract(c0, c2), block + 4 * row);
                Store(Subtract(d0, d2), block + 5 * row);
                Store(Subtract(c1, c3), block + 6 * row);
                Store(Subtract(d1, d3), block + 7 * row);
            }
            else
            {
                Store(Rotate(Add(d0, d2), twiddles), block + row);
                Store(Rotate(Add(c1, c3), twiddles + 2), block + 2 * row);
                Store(Rotate(Add(d1, d3), twiddles + 4), block + 3 * row);
                Store(Rotate(Subtract(c0, c2), twiddles + 6), block + 4 * row);
                Store(Rotate(Subtract(d0, d2), twiddles + 8), block + 5 * row);
                Store(Rotate(Subtract(c1, c3), twiddles + 10), block + 6 * row);
                Store(Rotate(Subtract(d1, d3), twiddles + 12), block + 7 * row);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass4(float* block, int columns, float* twiddles)
    {
        nint point = 2 * TLanes.Count;
        nint row = columns * point;
        for (int column = 0; column < columns; column++, block += point, twiddles += 6)
        {
            Complex x0 = Load(block), x1 = Load(block + row), x2 = Load(block + 2 * row), x3 = Load(block + 3 * row);
            Complex a = Add(x0, x2), b = Subtract(x0, x2), c = Add(x1, x3), d = TimesMinusI(Subtract(x1, x3));
            Store(Add(a, c), block);
            Store(Rotate(Add(b, d), twiddles), block + row);
            Store(Rotate(Subtract(a, c), twiddles + 2), block + 2 * row);
            Store(Rotate(Subtract(b, d), twiddles + 4), block + 3 * row);
        }
    }

    private static void Pass2(float* block, int columns, float* twiddles)
    {
        nint point = 2 * TLanes.Count;
        nint row = columns * point;
        for (int column = 0; column < columns; column++, block += point, twiddles += 2)
        {
            Complex a = Load(block), b = Load(block + row);
            Store(Add(a, b), block);
            Store(Rotate(Subtract(a, b), twiddles), block + row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Load(float* point) => new(TLanes.Load(point), TLanes.Load(point + TLanes.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Complex value, float* point)
    {
        TLanes.Store(value.Re, point);
        TLanes.Store(value.Im, point + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Add(Complex a, Complex b) => new(TLanes.Add(a.Re, b.Re), TLanes.Add(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Subtract(Complex a, Complex b) =>
        new(TLanes.Subtract(a.Re, b.Re), TLanes.Subtract(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex TimesMinusI(Complex a) => new(a.Im, TLanes.Subtract(TLanes.Broadcast(0), a.Re));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Rotate(Complex a, float* twiddle)
    {
        TVector cos = TLanes.Broadcast(twiddle[0]), sin = TLanes.Broadcast(twiddle[1]);
        return new Complex(
            TLanes.MultiplySubtract(a.Re, cos, TLanes.Multiply(a.Im, sin)),
            TLanes.MultiplyAdd(a.Re, sin, TLanes.Multiply(a.Im, cos)));
    }

    private readonly struct Complex(TVector re, TVector im)
    {
        public readonly TVector Re = re;
        public readonly TVector Im = im;
    }
}
