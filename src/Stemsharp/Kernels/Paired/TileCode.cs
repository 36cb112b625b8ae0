using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using CallingConvention = Stemsharp.MachineCode.CallingConvention;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// The functions of <see cref="TilePairs"/> as machine code: .NET has no name for the instructions that multiply tiles (AMX-BF16). Each
/// takes the address of a <see cref="TileCall"/>, sizes the tiles first and gives them back last, calls nothing and leaves the stack alone.
/// </summary>
internal static class TileCode
{
    /// <summary>Rows of a tile, and pairs that a step takes at most.</summary>
    public const int Side = 16;

    /// <summary>Words of 32 bits of a tile of weights.</summary>
    public const int TileWords = Side * Side;

    /// <summary>Tiles of weights side by side in a step: 32 rows.</summary>
    public const int TilesAtOnce = 2;

    // Six tiles of sums, three for each tile of weights; one of weights, one of the panel.
    private const int Across = Tile.Columns / Side, Weights = TilesAtOnce * Across, Panel = Weights + 1;

    private const int TileBytes = TileWords * sizeof(uint), RowBytes = Tile.Columns * sizeof(float);

    private const Register First = Register.Rax, Second = Register.Rdx, Target = Register.R8, Count = Register.R9, Row = Register.R10, Narrow = Register.R11;

    /// <summary>
    /// tiles [rows][48] = weights · panel for some panels, or added to the tiles: tdpbf16ps over the steps in their order; in three
    /// parts high times low, high times high, low times high.
    /// </summary>
    /// <param name="convention">How it will be called.</param>
    /// <param name="tiles">Tiles of weights, 1 or <see cref="TilesAtOnce"/>.</param>
    /// <param name="parts">1; or 2 where each tile of weights is followed by its low part, and each row of a panel by its low one.</param>
    /// <param name="accumulate">Whether to add to the tiles.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte[] Product(CallingConvention convention, int tiles, int parts, bool accumulate)
    {
        Assembler code = new();
        Register call = convention.Argument;
        code.Load(Count, call, At(nameof(TileCall.Sizes)));
        code.ConfigureTiles(Count, 0);
        code.Set(Narrow, Side * sizeof(uint));
        int each = code.Position;
        code.Load(First, call, At(nameof(TileCall.Weights)));
        code.Load(Second, call, At(nameof(TileCall.Panels)));
        code.Load(Target, call, At(nameof(TileCall.Tiles)));
        code.Load(Count, call, At(nameof(TileCall.Steps)));
        code.Set(Row, RowBytes);
        for (int sum = 0; sum < tiles * Across; sum++)
        {
            if (accumulate)
            {
                code.LoadTile(sum, Target, Row, SumAt(sum));
            }
            else
            {
                code.ClearTile(sum);
            }
        }

        if (parts > 1)
        {
            code.Set(Row, parts * RowBytes);
        }

        int loop = code.Position;
        for (int tile = 0; tile < tiles; tile++)
        {
            int weights = tile * parts * TileBytes;
            code.LoadTile(Weights, First, Narrow, weights);
            Multiply(code, tile, [.. Enumerable.Range(0, parts).Reverse()]);
            if (parts > 1)
            {
                code.LoadTile(Weights, First, Narrow, weights + TileBytes);
                Multiply(code, tile, [0]);
            }
        }

        code.Add(First, TilesAtOnce * parts * TileBytes);
        code.Add(Second, Side * parts * RowBytes);
        code.Subtract(Count, 1);
        code.JumpIfNotZero(loop);
        if (parts > 1)
        {
            code.Set(Row, RowBytes);
        }

        for (int sum = 0; sum < tiles * Across; sum++)
        {
            code.StoreTile(Target, Row, SumAt(sum), sum);
        }

        Next(code, call, nameof(TileCall.Panels), nameof(TileCall.PanelBytes));
        Next(code, call, nameof(TileCall.Tiles), nameof(TileCall.TilesBytes));
        code.Load(Count, call, At(nameof(TileCall.Count)));
        code.Subtract(Count, 1);
        code.Store(call, At(nameof(TileCall.Count)), Count);
        code.JumpIfNotZero(each);
        code.ReleaseTiles();
        code.Return();
        return code.Code;
    }

    /// <summary>What sizes the tiles: those of sums and weights have so many rows, those of weights and the panel so many pairs.</summary>
    /// <param name="rows">1 … 16.</param>
    /// <param name="pairs">1 … 16.</param>
    /// <param name="sizes">64 bytes: palette 1; from 16 on the bytes a row, from 48 on the rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Size(int rows, int pairs, Span<byte> sizes)
    {
        sizes.Clear();
        sizes[0] = 1;
        for (int tile = 0; tile <= Panel; tile++)
        {
            sizes[16 + 2 * tile] = (byte)((tile == Weights ? pairs : Side) * sizeof(uint));
            sizes[48 + tile] = (byte)(tile == Panel ? pairs : rows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(Assembler code, int tile, int[] panelParts)
    {
        for (int column = 0; column < Across; column++)
        {
            foreach (int part in panelParts)
            {
                code.LoadTile(Panel, Second, Row, part * RowBytes + column * Side * sizeof(uint));
                code.TileProduct(tile * Across + column, Weights, Panel);
            }
        }
    }

    private static void Next(Assembler code, Register call, string place, string stride)
    {
        code.Load(First, call, At(place));
        code.AddMemory(First, call, At(stride));
        code.Store(call, At(place), First);
    }

    private static int SumAt(int sum) => sum / Across * Side * RowBytes + sum % Across * Side * sizeof(float);

    private static int At(string field) => (int)Marshal.OffsetOf<TileCall>(field);
}

/// <summary>What a function is called with; it counts panels in here.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileCall
{
    /// <summary>By <see cref="TileCode.Size"/>.</summary>
    public byte* Sizes;

    /// <summary>Steps of tiles of weights.</summary>
    public uint* Weights;

    /// <summary>How many steps, at least 1.</summary>
    public nint Steps;

    /// <summary>The first panel.</summary>
    public uint* Panels;

    /// <summary>From panel to panel.</summary>
    public nint PanelBytes;

    /// <summary>How many panels, at least 1.</summary>
    public nint Count;

    /// <summary>The first panel's tiles.</summary>
    public float* Tiles;

    /// <summary>From one panel's to the next one's.</summary>
    public nint TilesBytes;
}
