using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// Products of bfloat16 numbers with sums in single precision, on the tiles of <see cref="Tile"/>. Two neighbours in depth lie side by
/// side as a pair of 32 bits, the even one in the low half: weights [pairs][8], panels [pairs][48]. An odd depth ends with a zero.
/// Made at run time by <see cref="PairCode"/>, or emulated for tests.
/// </summary>
internal sealed unsafe class PairKernels
{
    // Interleaves what rounding leaves one behind the other: 0, 16, 1, 17, …
    private static readonly NativeBuffer<ushort> s_order = Order();

    private static readonly Lazy<(PairKernels? Kernels, string Refusal)> s_native = new(() => Make(IsSupported, ExecutableMemory.Publish));

    private readonly delegate* unmanaged[SuppressGCTransition]<PairCall*, void> _set, _add, _round;

    private PairKernels(byte* set, byte* add, byte* round)
    {
        _set = (delegate* unmanaged[SuppressGCTransition]<PairCall*, void>)set;
        _add = (delegate* unmanaged[SuppressGCTransition]<PairCall*, void>)add;
        _round = (delegate* unmanaged[SuppressGCTransition]<PairCall*, void>)round;
    }

    /// <summary>The same bits by plain code, on any processor, a thousand times slower.</summary>
    public static PairKernels Emulated { get; } = new(null, null, null);

    /// <summary>Those of this processor; null where it has none, where the system refuses code made at run time, or where a trial failed.</summary>
    public static PairKernels? Native => s_native.Value.Kernels;

    /// <summary>Why there is no <see cref="Native"/>, as a part of a sentence; empty where there is.</summary>
    public static string Refusal => s_native.Value.Refusal;

    /// <summary>Whether this processor multiplies pairs of bfloat16 (CPUID 7.1: AVX512_BF16), and the system keeps its registers.</summary>
    public static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported
        && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;

    /// <summary>Pairs for a depth.</summary>
    public static int Pairs(int depth) => (depth + 1) / 2;

    /// <summary>tile [8][48] = weights · panel, or added to the tile; the sum starts at zero.</summary>
    /// <param name="weights">[pairs][8].</param>
    /// <param name="panel">[pairs][48].</param>
    /// <param name="pairs">The depth in pairs, at least 1.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="accumulate">Whether to add to it.</param>
    [SkipLocalsInit]
    public void Multiply(uint* weights, uint* panel, nint pairs, float* tile, bool accumulate)
    {
        if (_set == null)
        {
            PairEmulation.Product(weights, panel, pairs, tile, accumulate);
            return;
        }

        PairCall call;
        call.First = weights;
        call.Second = panel;
        call.Target = tile;
        call.Pairs = pairs;
        if (accumulate)
        {
            _add(&call);
        }
        else
        {
            _set(&call);
        }
    }

    /// <summary>The same in blocks of equal depth, none longer than <see cref="Tile.MaxChain"/> numbers.</summary>
    /// <inheritdoc cref="Multiply"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void MultiplyInChains(uint* weights, uint* panel, nint pairs, float* tile, bool accumulate)
    {
        int chain = Tile.Chain((int)pairs, Tile.MaxChain / 2);
        for (nint start = 0; start < pairs; start += chain)
        {
            Multiply(weights + start * Tile.Rows, panel + start * Tile.Columns, nint.Min(chain, pairs - start), tile, accumulate || start > 0);
        }
    }

    /// <summary>Rows of 48 singles as rows of 48 pairs.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many; behind an odd one a row of zeros is taken.</param>
    /// <param name="pairs">Half as many rows, rounded up; may begin where the rows begin.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Round(float* rows, int count, uint* pairs)
    {
        int whole = count / 2;
        if (_round == null)
        {
            PairEmulation.Round(rows, pairs, whole);
        }
        else if (whole > 0)
        {
            PairCall call;
            call.First = rows;
            call.Second = s_order.Data;
            call.Target = pairs;
            call.Pairs = whole;
            _round(&call);
        }

        if (count % 2 != 0)
        {
            float* last = rows + 2 * whole * Tile.Columns;
            uint* target = pairs + whole * Tile.Columns;
            for (int i = 0; i < Tile.Columns; i++)
            {
                target[i] = Bfloat16.Round(last[i]);
            }
        }
    }

    /// <summary>Makes code callable, or tells why not.</summary>
    internal delegate byte* Publisher(ReadOnlySpan<byte> code, out string refusal);

    /// <summary>Makes kernels and tries them.</summary>
    /// <param name="isSupported">Whether the processor has the instructions.</param>
    /// <param name="publish">Makes code callable.</param>
    /// <returns>The kernels; or null, and why.</returns>
    internal static (PairKernels? Kernels, string Refusal) Make(bool isSupported, Publisher publish)
    {
        if (!isSupported)
        {
            return (null, "this processor does not multiply bfloat16 (AVX512_BF16)");
        }

        byte[] set = PairCode.Product(CallingConvention.Current, accumulate: false), add = PairCode.Product(CallingConvention.Current, accumulate: true);
        byte[] round = PairCode.Round(CallingConvention.Current), all = new byte[Aligned(set.Length) + Aligned(add.Length) + round.Length];
        set.CopyTo(all, 0);
        add.CopyTo(all, Aligned(set.Length));
        round.CopyTo(all, Aligned(set.Length) + Aligned(add.Length));
        byte* code = publish(all, out string refusal);
        if (code is null)
        {
            return (null, refusal);
        }

        PairKernels made = new(code, code + Aligned(set.Length), code + Aligned(set.Length) + Aligned(add.Length));
        return PairTrial.Agree(made, Emulated) ? (made, "") : (null, "this processor's products of bfloat16 are not what they should be");

        static int Aligned(int length) => (length + 63) / 64 * 64;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NativeBuffer<ushort> Order()
    {
        NativeBuffer<ushort> order = new(32);
        for (int i = 0; i < 32; i++)
        {
            order.Data[i] = (ushort)(i / 2 + i % 2 * 16);
        }

        return order;
    }
}
