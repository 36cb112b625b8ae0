using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Signal;

/// <summary>Turns 4 × 4 tiles over, between samples in time order and frames side by side.</summary>
internal static unsafe class Transpose4
{
    /// <summary>Turns over a tile of 4 columns; row i of the result is element i of each column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows(ref Vector128<float> a, ref Vector128<float> b, ref Vector128<float> c, ref Vector128<float> d)
    {
        (Vector128<float> ac0, Vector128<float> ac1) = Interleave(a, c);
        (Vector128<float> bd0, Vector128<float> bd1) = Interleave(b, d);
        (a, b) = Interleave(ac0, bd0);
        (c, d) = Interleave(ac1, bd1);
    }

    /// <summary>a0 b0 a1 b1 and a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Interleave(Vector128<float> a, Vector128<float> b)
    {
        if (Sse.IsSupported)
        {
            return (Sse.UnpackLow(a, b), Sse.UnpackHigh(a, b));
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return (AdvSimd.Arm64.ZipLow(a, b), AdvSimd.Arm64.ZipHigh(a, b));
        }

        return (
            Vector128.Create(a[0], b[0], a[1], b[1]),
            Vector128.Create(a[2], b[2], a[3], b[3]));
    }
}
