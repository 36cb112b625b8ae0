using System.Numerics;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// The FFT itself, over as many frames at once as a vector has lanes. Point k of the buffer is two vectors:
/// the frames' real parts, then their imaginary parts.
/// </summary>
/// <typeparam name="TIsa">The instructions.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="V">Their vector.</typeparam>
internal static unsafe partial class BatchFft<TIsa, T, V>
    where TIsa : struct, ISimd<T, V>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : struct
{
    private const double HalfSqrt2 = 0.70710678118654752;

    /// <summary>Transforms a buffer of <c>tables.Size</c> points in place.</summary>
    public static void Transform(FftTables<T> tables, T* buffer) => Transform(tables, 0, buffer);

    /// <summary>
    /// Depth first: a block is finished before the next one is begun, so that after the first pass everything
    /// happens within the first-level cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform(FftTables<T> tables, int level, T* block)
    {
        FftPass<T> pass = tables.Passes[level];
        int columns = pass.Length / pass.Radix;
        fixed (T* twiddles = pass.Twiddles)
        {
            switch (pass.Radix)
            {
                case 8:
                    Pass8(block, columns, twiddles);
                    break;
                case 5:
                    Pass5(block, columns, twiddles);
                    break;
                case 4:
                    Pass4(block, columns, twiddles);
                    break;
                case 3:
                    Pass3(block, columns, twiddles);
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
                Transform(tables, level + 1, block + (long)row * columns * 2 * TIsa.Lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass8(T* block, int columns, T* twiddles)
    {
        nint point = 2 * TIsa.Lanes;
        nint row = columns * point;
        V half = TIsa.Broadcast(T.CreateTruncating(HalfSqrt2));
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
                TIsa.Multiply(TIsa.Add(b1.Re, b1.Im), half), TIsa.Multiply(TIsa.Subtract(b1.Im, b1.Re), half));
            V minus = TIsa.Multiply(TIsa.Subtract(b3.Im, b3.Re), half);
            V plus = TIsa.Multiply(TIsa.Add(b3.Re, b3.Im), half);

            // The second one's imaginary part is −plus; the sum and the difference below take the sign in.
            Complex c0 = Add(a0, a2), c1 = Subtract(a0, a2);
            Complex c2 = Add(a1, a3), c3 = TimesMinusI(Subtract(a1, a3));
            Complex d0 = Add(b0, b2), d1 = Subtract(b0, b2);
            Complex d2 = new(TIsa.Add(b1.Re, minus), TIsa.Subtract(b1.Im, plus));
            Complex d3 = TimesMinusI(new Complex(TIsa.Subtract(b1.Re, minus), TIsa.Add(b1.Im, plus)));

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
    private static void Pass4(T* block, int columns, T* twiddles)
    {
        nint point = 2 * TIsa.Lanes;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass2(T* block, int columns, T* twiddles)
    {
        nint point = 2 * TIsa.Lanes;
        nint row = columns * point;
        for (int column = 0; column < columns; column++, block += point, twiddles += 2)
        {
            Complex a = Load(block), b = Load(block + row);
            Store(Add(a, b), block);
            Store(Rotate(Subtract(a, b), twiddles), block + row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Load(T* point) => new(TIsa.Load(point), TIsa.Load(point + TIsa.Lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Complex value, T* point)
    {
        TIsa.Store(point, value.Re);
        TIsa.Store(point + TIsa.Lanes, value.Im);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Add(Complex a, Complex b) => new(TIsa.Add(a.Re, b.Re), TIsa.Add(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Subtract(Complex a, Complex b) =>
        new(TIsa.Subtract(a.Re, b.Re), TIsa.Subtract(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex TimesMinusI(Complex a) => new(a.Im, TIsa.Subtract(default(V), a.Re));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Rotate(Complex a, T* twiddle)
    {
        V cos = TIsa.Broadcast(twiddle[0]), sin = TIsa.Broadcast(twiddle[1]);
        return new Complex(
            TIsa.MultiplySubtract(a.Re, cos, TIsa.Multiply(a.Im, sin)),
            TIsa.MultiplyAdd(a.Re, sin, TIsa.Multiply(a.Im, cos)));
    }

    private readonly struct Complex(V re, V im)
    {
        public readonly V Re = re;
        public readonly V Im = im;
    }
}
