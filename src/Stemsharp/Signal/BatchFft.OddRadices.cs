using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <content>Butterflies of three and five points.</content>
internal static unsafe partial class BatchFft<TIsa, T, V>
{
    private const double HalfSqrt3 = 0.86602540378443865; // sin(2π/3)
    private const double Cos72 = 0.30901699437494742, Cos144 = -0.80901699437494742;
    private const double Sin72 = 0.95105651629515357, Sin144 = 0.58778525229247313;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass3(T* block, int columns, T* twiddles)
    {
        nint point = 2 * TIsa.Lanes;
        nint row = columns * point;
        V half = Number(-0.5), side = Number(HalfSqrt3);
        for (int column = 0; column < columns; column++, block += point, twiddles += 4)
        {
            Complex x0 = Load(block), x1 = Load(block + row), x2 = Load(block + 2 * row);
            Complex sum = Add(x1, x2), middle = AddScaled(x0, sum, half);
            Complex turn = TimesMinusI(Scale(Subtract(x1, x2), side));
            Store(Add(x0, sum), block);
            Store(Rotate(Add(middle, turn), twiddles), block + row);
            Store(Rotate(Subtract(middle, turn), twiddles + 2), block + 2 * row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass5(T* block, int columns, T* twiddles)
    {
        nint point = 2 * TIsa.Lanes;
        nint row = columns * point;
        V cos1 = Number(Cos72), cos2 = Number(Cos144), sin1 = Number(Sin72), sin2 = Number(Sin144), minusSin1 = Number(-Sin72);
        for (int column = 0; column < columns; column++, block += point, twiddles += 8)
        {
            Complex x0 = Load(block), x1 = Load(block + row), x2 = Load(block + 2 * row);
            Complex x3 = Load(block + 3 * row), x4 = Load(block + 4 * row);
            Complex outer = Add(x1, x4), inner = Add(x2, x3), outerRest = Subtract(x1, x4), innerRest = Subtract(x2, x3);
            Complex a = AddScaled(AddScaled(x0, outer, cos1), inner, cos2), b = AddScaled(AddScaled(x0, outer, cos2), inner, cos1);
            Complex c = TimesMinusI(AddScaled(Scale(outerRest, sin1), innerRest, sin2));
            Complex d = TimesMinusI(AddScaled(Scale(outerRest, sin2), innerRest, minusSin1));
            Store(Add(x0, Add(outer, inner)), block);
            Store(Rotate(Add(a, c), twiddles), block + row);
            Store(Rotate(Add(b, d), twiddles + 2), block + 2 * row);
            Store(Rotate(Subtract(b, d), twiddles + 4), block + 3 * row);
            Store(Rotate(Subtract(a, c), twiddles + 6), block + 4 * row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Number(double value) => TIsa.Broadcast(T.CreateTruncating(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex Scale(Complex a, V factor) => new(TIsa.Multiply(a.Re, factor), TIsa.Multiply(a.Im, factor));

    // a + b·factor
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Complex AddScaled(Complex a, Complex b, V factor) =>
        new(TIsa.MultiplyAdd(b.Re, factor, a.Re), TIsa.MultiplyAdd(b.Im, factor, a.Im));
}
