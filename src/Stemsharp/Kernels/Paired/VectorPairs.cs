using System.Buffers;
using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// Products in vector registers (AVX512_BF16: vdpbf16ps). Strips lie as [pairs][8]. Made at run time by <see cref="VectorCode"/>, or
/// emulated for tests.
/// </summary>
internal sealed unsafe class VectorPairs : PairKernels
{
    // Interleaves what rounding leaves one behind the other: 0, 16, 1, 17, …
    private static readonly NativeBuffer<ushort> s_order = Order();

    private readonly delegate* unmanaged[SuppressGCTransition]<VectorCall*, void> _set, _add, _round;

    private VectorPairs(nint set, nint add, nint round)
    {
        _set = (delegate* unmanaged[SuppressGCTransition]<VectorCall*, void>)set;
        _add = (delegate* unmanaged[SuppressGCTransition]<VectorCall*, void>)add;
        _round = (delegate* unmanaged[SuppressGCTransition]<VectorCall*, void>)round;
    }

    /// <summary>The same bits by plain code, on any processor, a thousand times slower.</summary>
    public static VectorPairs Emulated { get; } = new(0, 0, 0);

    /// <inheritdoc/>
    public override string Name => "AVX512_BF16";

    /// <inheritdoc/>
    public override int StripsAtOnce => 1;

    /// <inheritdoc/>
    public override int HeadUnit => 2;

    /// <inheritdoc/>
    public override long Words(int strips, int pairs) => (long)strips * Tile.Rows * pairs;

    /// <inheritdoc/>
    public override nint At(int strip, int pair, int pairs) => (nint)(((long)strip * pairs + pair) * Tile.Rows);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(float* rows, int strip, int pairs, uint* weights)
    {
        int length = 2 * Tile.Rows * pairs;
        ushort[] room = ArrayPool<ushort>.Shared.Rent(length);
        Bfloat16.Round(new ReadOnlySpan<float>(rows, length), room);
        uint* target = weights + At(strip, 0, pairs);
        fixed (ushort* codes = room)
        {
            uint* row = (uint*)codes;
            for (int i = 0; i < pairs; i++, row++, target += Tile.Rows)
            {
                for (int r = 0; r < Tile.Rows; r++)
                {
                    target[r] = row[r * pairs];
                }
            }
        }

        ArrayPool<ushort>.Shared.Return(room);
    }

    /// <inheritdoc/>
    /// <remarks>In blocks of equal depth, none longer than <see cref="Tile.MaxChain"/> numbers; each block's sum starts at zero.</remarks>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(uint* weights, int strips, uint* panels, nint panelStride, int count, nint pairs, float* tiles, nint tileStride, bool accumulate)
    {
        int chain = Tile.Chain((int)pairs, Tile.MaxChain / 2);
        for (int p = 0; p < count; p++, panels += panelStride, tiles += tileStride)
        {
            for (nint start = 0; start < pairs; start += chain)
            {
                uint* own = weights + start * Tile.Rows, panel = panels + start * Tile.Columns;
                nint length = nint.Min(chain, pairs - start);
                if (_set == null)
                {
                    VectorEmulation.Product(own, panel, length, tiles, accumulate || start > 0);
                    continue;
                }

                VectorCall call;
                call.First = own;
                call.Second = panel;
                call.Target = tiles;
                call.Pairs = length;
                if (accumulate || start > 0)
                {
                    _add(&call);
                }
                else
                {
                    _set(&call);
                }
            }
        }
    }

    /// <inheritdoc/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Round(float* rows, int count, uint* pairs)
    {
        int whole = count / 2;
        if (_round == null)
        {
            VectorEmulation.Round(rows, pairs, whole);
        }
        else if (whole > 0)
        {
            VectorCall call;
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

    /// <summary>Makes kernels and tries them.</summary>
    /// <param name="isSupported">Whether the processor has the instructions.</param>
    /// <param name="publish">Makes code callable.</param>
    /// <returns>The kernels; or null, and why.</returns>
    internal static (VectorPairs? Kernels, string Refusal) Make(bool isSupported, Publisher publish)
    {
        if (!isSupported)
        {
            return (null, "this processor does not multiply bfloat16 (AVX512_BF16)");
        }

        CallingConvention convention = CallingConvention.Current;
        nint[] code = Publish(publish, [VectorCode.Product(convention, accumulate: false), VectorCode.Product(convention, accumulate: true), VectorCode.Round(convention)], out string refusal);
        if (code is not [nint set, nint add, nint round])
        {
            return (null, refusal);
        }

        VectorPairs made = new(set, add, round);
        return PairTrial.Agree(made, Emulated) ? (made, "") : (null, "this processor's products of bfloat16 are not what they should be");
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
