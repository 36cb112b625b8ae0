using System.Numerics;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Simd;

/// <summary>Every operation on vectors, in every lane, against the same on single numbers.</summary>
public unsafe class SimdTests
{
    [TierTheory, TierData]
    public void Floats_are_computed_alike_in_every_lane(string tier)
    {
        switch (Tiers.Named(tier).Bits)
        {
            case 512: Kernels<Simd512, Vector512<float>>(); Arithmetic<Simd512, float, Vector512<float>>(); break;
            case 256: Kernels<Simd256, Vector256<float>>(); Arithmetic<Simd256, float, Vector256<float>>(); break;
            case 128: Kernels<Simd128, Vector128<float>>(); Arithmetic<Simd128, float, Vector128<float>>(); break;
            default: Kernels<Simd1, float>(); Arithmetic<Simd1, float, float>(); break;
        }
    }

    [TierTheory, TierData]
    public void Doubles_are_computed_alike_in_every_lane(string tier)
    {
        switch (Tiers.Named(tier).Bits)
        {
            case 512: Arithmetic<Doubles512, double, Vector512<double>>(); break;
            case 256: Arithmetic<Doubles256, double, Vector256<double>>(); break;
            case 128: Arithmetic<Doubles128, double, Vector128<double>>(); break;
            default: Arithmetic<Doubles1, double, double>(); break;
        }
    }

    private static void Arithmetic<TIsa, T, V>()
        where TIsa : struct, ISimd<T, V>
        where T : unmanaged, IFloatingPointIeee754<T>
        where V : struct
    {
        int lanes = TIsa.Lanes;
        T[] x = Random<T>(lanes + 2, 1), y = Random<T>(lanes + 2, 2), z = Random<T>(lanes + 2, 3);
        T* result = stackalloc T[lanes + 2];
        float[] singles = Random<float>(lanes + 2, 4), rounded = new float[lanes + 2];
        fixed (T* p = x, q = y, r = z)
        fixed (float* s = singles, t = rounded)
        {
            // One number further than a vector's alignment.
            V a = TIsa.Load(p + 1), b = TIsa.Load(q + 1), c = TIsa.Load(r + 1);
            Check(a, i => x[i]);
            Check(TIsa.Broadcast(z[0]), _ => z[0]);
            Check(TIsa.Add(a, b), i => x[i] + y[i]);
            Check(TIsa.Subtract(a, b), i => x[i] - y[i]);
            Check(TIsa.Multiply(a, b), i => x[i] * y[i]);
            CheckFused(TIsa.MultiplyAdd(a, b, c), i => x[i] * y[i] + z[i], i => T.FusedMultiplyAdd(x[i], y[i], z[i]));
            CheckFused(TIsa.MultiplySubtract(a, b, c), i => x[i] * y[i] - z[i], i => T.FusedMultiplyAdd(x[i], y[i], -z[i]));
            Check(TIsa.LoadSingles(s + 1), i => T.CreateTruncating(singles[i]));
            TIsa.StoreSingles(t + 1, a);
            for (int i = 1; i <= lanes; i++)
            {
                Assert.Equal(float.CreateTruncating(x[i]), rounded[i]);
            }

            Assert.Equal((0f, 0f), (rounded[0], rounded[^1]));

            void Check(V value, Func<int, T> expected) => CheckFused(value, expected, expected);

            // Fused or not, but alike in all lanes.
            void CheckFused(V value, Func<int, T> plain, Func<int, T> fused)
            {
                TIsa.Store(result + 1, value);
                Assert.Equal((T.Zero, T.Zero), (result[0], result[lanes + 1]));
                bool isPlain = true, isFused = true;
                for (int i = 1; i <= lanes; i++)
                {
                    isPlain &= result[i] == plain(i);
                    isFused &= result[i] == fused(i);
                }

                Assert.True(isPlain || isFused);
            }
        }
    }

    private static void Kernels<TIsa, V>()
        where TIsa : struct, ISimd<V>
        where V : struct
    {
        int lanes = TIsa.Lanes;
        float[] x = Random<float>(lanes, 5), y = Random<float>(lanes, 6), z = Random<float>(lanes, 7);
        float* result = stackalloc float[lanes];
        fixed (float* p = x, q = y, r = z)
        {
            V a = TIsa.Load(p), b = TIsa.Load(q), c = TIsa.Load(r);
            Check(TIsa.Divide(a, b), i => x[i] / y[i], 0);
            Check(TIsa.Min(a, b), i => Math.Min(x[i], y[i]), 0);
            Check(TIsa.Max(a, b), i => Math.Max(x[i], y[i]), 0);
            Check(TIsa.Sqrt(TIsa.Multiply(a, a)), i => MathF.Sqrt(x[i] * x[i]), 0);
            Check(TIsa.MultiplyAdd(q, b, c), i => y[0] * y[i] + z[i], 1e-7f);
            Check(TIsa.NegateMultiplyAdd(a, b, c), i => z[i] - x[i] * y[i], 1e-7f);
            Assert.Equal(x.Sum(v => (double)v), TIsa.Sum(a), 1e-15);
            for (int n = -20; n <= 20; n++)
            {
                // Another power in every lane.
                float[] powers = [.. Enumerable.Range(0, lanes).Select(i => (float)(n + i))];
                fixed (float* e = powers)
                {
                    V shifted = TIsa.Add(TIsa.Load(e), TIsa.Broadcast(12_582_912f));
                    Check(TIsa.ScaleByPowerOfTwo(a, shifted), i => MathF.ScaleB(x[i], n + i), 0);
                }
            }

            void Check(V value, Func<int, float> expected, float tolerance)
            {
                TIsa.Store(result, value);
                for (int i = 0; i < lanes; i++)
                {
                    Assert.InRange(result[i], expected(i) - tolerance, expected(i) + tolerance);
                }
            }
        }

        // All codes, in every lane.
        ushort[] codes = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i), .. new ushort[lanes]];
        fixed (ushort* code = codes)
        {
            for (int i = 0; i < 1 << 16; i++)
            {
                TIsa.Store(result, TIsa.LoadNarrow(code + i));
                for (int lane = 0; lane < lanes; lane++)
                {
                    Assert.Equal(BitConverter.SingleToInt32Bits(NarrowFloat.Widen(codes[i + lane])), BitConverter.SingleToInt32Bits(result[lane]));
                }
            }
        }

        float[] woven = Random<float>(4 * lanes, 8), parts = new float[4 * lanes];
        fixed (float* p = woven, q = parts)
        {
            TIsa.Deinterleave4(p, out V a, out V b, out V c, out V d);
            TIsa.Store(q, a);
            TIsa.Store(q + lanes, b);
            TIsa.Store(q + 2 * lanes, c);
            TIsa.Store(q + 3 * lanes, d);
            for (int i = 0; i < 4 * lanes; i++)
            {
                Assert.Equal(woven[i], parts[i % 4 * lanes + i / 4]);
            }

            TIsa.Interleave4(q, a, b, c, d);
        }

        Assert.Equal(woven, parts);
    }

    private static T[] Random<T>(int length, int seed)
        where T : IFloatingPointIeee754<T>
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating(random.NextDouble() * 2 - 1))];
    }
}
