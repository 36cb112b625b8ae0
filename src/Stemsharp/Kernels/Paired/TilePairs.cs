using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// Products in tile registers (AMX-BF16: tdpbf16ps): four strips at once, 32 rows by 48 columns. Strips lie in groups of four, each
/// [⌈pairs/16⌉] steps of two tiles of 16 rows by 16 pairs. In three parts each tile is followed by one of what its rounding left,
/// and so is each row of a panel. Made at run time by <see cref="TileCode"/>, or emulated for tests.
/// </summary>
internal sealed unsafe class TilePairs : PairKernels
{
    private const int Side = TileCode.Side, StripsOfTile = Side / Tile.Rows, Group = TileCode.TilesAtOnce * StripsOfTile, SizesBytes = 64;

    // Sizes of tiles by their rows, 8 or 16, and pairs, 1 to 16.
    private static readonly NativeBuffer<byte> s_sizes = Sizes();

    private readonly VectorPairs _vectors;
    private readonly int _parts;

    // By tiles of weights and whether to add.
    private readonly nint[] _products;

    private TilePairs(VectorPairs vectors, int parts, nint[] products, TilePairs? threefold)
    {
        (_vectors, _parts, _products) = (vectors, parts, products);
        Threefold = threefold;
    }

    /// <summary>The same bits by plain code, on any processor.</summary>
    public static TilePairs Emulated { get; } = new(VectorPairs.Emulated, 1, [], new(VectorPairs.Emulated, 2, [], null));

    /// <inheritdoc/>
    public override string Name => _parts == 1 ? "AMX" : "AMX, three products";

    /// <inheritdoc/>
    public override int StripsAtOnce => Group;

    /// <inheritdoc/>
    public override int HeadUnit => Tile.Rows;

    /// <inheritdoc/>
    public override PairKernels? Threefold { get; }

    /// <inheritdoc/>
    public override bool WantsOwnThreads => _products.Length > 0;

    /// <inheritdoc/>
    public override long Words(int strips, int pairs) => (long)((strips + Group - 1) / Group) * GroupWords(pairs);

    /// <inheritdoc/>
    public override nint At(int strip, int pair, int pairs) =>
        (nint)(strip / Group * GroupWords(pairs) + pair / Side * StepWords + TileAt(strip % Group));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(float* rows, int strip, int pairs, uint* weights)
    {
        uint* target = weights + At(strip, 0, pairs);
        for (int row = 0; row < Tile.Rows; row++, rows += 2 * pairs)
        {
            for (int i = 0; i < pairs; i++)
            {
                uint* place = target + i / Side * StepWords + row * Side + i % Side;
                (ushort even, ushort odd) = (Bfloat16.Round(rows[2 * i]), Bfloat16.Round(rows[2 * i + 1]));
                *place = even | (uint)odd << 16;
                if (_parts > 1)
                {
                    place[TileCode.TileWords] = Bfloat16.Round(rows[2 * i] - Bfloat16.Widen(even)) | (uint)Bfloat16.Round(rows[2 * i + 1] - Bfloat16.Widen(odd)) << 16;
                }
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>The sum begins with what is in the tiles, or zero, and takes 32 numbers a step.</remarks>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(uint* weights, int strips, uint* panels, nint panelStride, int count, nint pairs, float* tiles, nint tileStride, bool accumulate)
    {
        // Two tiles of weights, one, and one that is half full.
        for (int strip = 0; strip < strips;)
        {
            int some = strips - strip is var left && left >= Group ? Group : left >= StripsOfTile ? StripsOfTile : 1;
            int rows = Math.Min(some, StripsOfTile) * Tile.Rows;
            TileCall call;
            call.PanelBytes = panelStride * sizeof(uint);
            call.TilesBytes = tileStride * sizeof(float);
            for (nint first = 0; first < pairs;)
            {
                // Whole steps, and one that is not.
                nint steps = Math.Max(1, (pairs - first) / Side);
                int depth = (int)nint.Min(Side, pairs - first);
                call.Sizes = s_sizes.Data + (rows / Tile.Rows - 1) * Side * SizesBytes + (depth - 1) * SizesBytes;
                call.Weights = weights + first / Side * StepWords + TileAt(strip);
                call.Steps = steps;
                call.Panels = panels + first * _parts * Tile.Columns;
                call.Count = count;
                call.Tiles = tiles + strip * Tile.Size;
                Run(&call, some == Group ? TileCode.TilesAtOnce : 1, rows, depth, accumulate || first > 0);
                first += steps * depth;
            }

            strip += some;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Round(float* rows, int count, uint* pairs)
    {
        if (_parts == 1)
        {
            _vectors.Round(rows, count, pairs);
            return;
        }

        for (int i = 0; i < count; i += 2, rows += 2 * Tile.Columns, pairs += 2 * Tile.Columns)
        {
            for (int column = 0; column < Tile.Columns; column += Vector256<float>.Count)
            {
                Vector256<float> even = Vector256.Load(rows + column), odd = i + 1 < count ? Vector256.Load(rows + Tile.Columns + column) : default;
                Vector256<uint> high = Bfloat16.Pairs(even, odd);
                high.Store(pairs + column);
                Bfloat16.Rest(even, odd, high).Store(pairs + Tile.Columns + column);
            }
        }
    }

    /// <summary>Makes kernels and tries them.</summary>
    /// <param name="vectors">What rounds.</param>
    /// <param name="absence">Why there are no tiles, as a part of a sentence; null where there are.</param>
    /// <param name="publish">Makes code callable.</param>
    /// <returns>The kernels; or null, and why.</returns>
    internal static (TilePairs? Kernels, string Refusal) Make(VectorPairs vectors, string? absence, Publisher publish)
    {
        if (absence is not null)
        {
            return (null, absence);
        }

        byte[][] functions = [.. from parts in (int[])[1, 2] from tiles in (int[])[1, 2] from accumulate in (bool[])[false, true] select TileCode.Product(CallingConvention.Current, tiles, parts, accumulate)];
        nint[] code = Publish(publish, functions, out string refusal);
        if (code.Length == 0)
        {
            return (null, refusal);
        }

        TilePairs threefold = new(vectors, 2, code[4..], null), made = new(vectors, 1, code[..4], threefold);
        bool agree = false;
        using (OwnThread thread = new("stemsharp trial"))
        {
            thread.Run(() => agree = PairTrial.Agree(made, Emulated) && PairTrial.Agree(threefold, Emulated.Threefold!));
        }

        return agree ? (made, "") : (null, "this processor's products of tiles of bfloat16 are not what they should be");
    }

    private int StepWords => TileCode.TilesAtOnce * _parts * TileCode.TileWords;

    private long GroupWords(int pairs) => (long)(pairs + Side - 1) / Side * StepWords;

    private int TileAt(int strip) => strip / StripsOfTile * _parts * TileCode.TileWords + strip % StripsOfTile * Tile.Rows * Side;

    private void Run(TileCall* call, int tiles, int rows, int depth, bool accumulate)
    {
        if (_products.Length == 0)
        {
            TileEmulation.Product(call, tiles, rows, depth, _parts, accumulate);
            return;
        }

        ((delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)_products[(tiles - 1) * 2 + (accumulate ? 1 : 0)])(call);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NativeBuffer<byte> Sizes()
    {
        NativeBuffer<byte> sizes = new(StripsOfTile * Side * SizesBytes);
        for (int i = 0; i < StripsOfTile * Side; i++)
        {
            TileCode.Size((i / Side + 1) * Tile.Rows, i % Side + 1, sizes.Span.Slice(i * SizesBytes, SizesBytes));
        }

        return sizes;
    }
}
