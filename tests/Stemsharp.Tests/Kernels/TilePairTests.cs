using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.MachineCode;
using Stemsharp.Simd;
using Stemsharp.Tests.MachineCode;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <summary>Products in tile registers without a processor that has them: the code's instructions one by one against the emulation, bit for bit.</summary>
public unsafe class TilePairTests
{
    /// <summary>Tiles of weights, parts, whether to add, rows, pairs, steps, panels.</summary>
    public static TheoryData<int, int, bool, int, int, int, int> Forms
    {
        get
        {
            TheoryData<int, int, bool, int, int, int, int> data = [];
            foreach ((int tiles, int parts, bool accumulate) in from t in (int[])[1, 2] from p in (int[])[1, 2] from a in (bool[])[false, true] select (t, p, a))
            {
                data.Add(tiles, parts, accumulate, 16, 16, 3, 2);
                data.Add(tiles, parts, accumulate, 16, 5, 1, 1);
                if (tiles == 1)
                {
                    data.Add(tiles, parts, accumulate, 8, 16, 1, 2);
                    data.Add(tiles, parts, accumulate, 8, 1, 1, 1);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_code_does_what_the_emulation_does(int tiles, int parts, bool accumulate, int rows, int pairs, int steps, int panels)
    {
        SplitMix64 random = new(8);
        uint[] weights = Numbers(steps * TileCode.TilesAtOnce * parts * TileCode.TileWords), panel = Numbers(panels * steps * TileCode.Side * parts * Tile.Columns);
        int floats = ((tiles - 1) * TileCode.Side + rows) * Tile.Columns;
        float[] expected = [.. Numbers(panels * floats).Select(BitConverter.UInt32BitsToSingle)];
        byte[] sizes = new byte[64];
        TileCode.Size(rows, pairs, sizes);
        foreach (CallingConvention convention in (CallingConvention[])[CallingConvention.SystemV, CallingConvention.Windows])
        {
            float[] emulated = [.. expected], run = [.. expected];
            fixed (byte* s = sizes)
            fixed (uint* w = weights, p = panel)
            fixed (float* e = emulated, r = run)
            {
                TileCall call = new() { Sizes = s, Weights = w, Steps = steps, Panels = p, PanelBytes = panel.Length / panels * sizeof(uint), Count = panels, Tiles = e, TilesBytes = floats * sizeof(float) };
                TileEmulation.Product(&call, tiles, rows, pairs, parts, accumulate);
                call.Tiles = r;
                TileMachine machine = new();
                machine.Call(TileCode.Product(convention, tiles, parts, accumulate), convention == CallingConvention.Windows ? Iced.Intel.Register.RCX : Iced.Intel.Register.RDI, &call);
                Assert.True(machine.Count > panels * steps * tiles * 6);
            }

            Assert.Equal(emulated.Select(Canonical), run.Select(Canonical));
        }

        // Subnormal numbers, zeros and infinities among them.
        uint[] Numbers(int length) => [.. Enumerable.Range(0, length).Select(_ => Half() | Half() << 16)];

        uint Half()
        {
            uint bits = (uint)random.Next() & 0x807F;
            return (random.Next() % 512) switch
            {
                0 => bits & 0x8000 | 0x7F80,
                < 20 => bits,
                < 40 => bits | (uint)(random.Next() % 80) << 7,
                _ => bits | (uint)(110 + random.Next() % 30) << 7,
            };
        }

        static int Canonical(float x) => float.IsNaN(x) ? int.MaxValue : BitConverter.SingleToInt32Bits(x);
    }

    [Fact]
    public void Three_products_are_nearly_single_precision_and_one_is_not()
    {
        const int k = 512;
        SplitMix64 random = new(11);
        float[] rows = [.. Enumerable.Range(0, Tile.Rows * k).Select(_ => (long)random.Next() / 9.223372e18f)], panel = [.. Enumerable.Range(0, k * Tile.Columns).Select(_ => (long)random.Next() / 9.223372e18f)];
        Assert.InRange(Ratio(TilePairs.Emulated.Threefold!), 95, 130);
        Assert.InRange(Ratio(TilePairs.Emulated), 45, 60);

        double Ratio(PairKernels kernels)
        {
            uint[] weights = new uint[kernels.Words(1, k / 2)];
            float[] own = [.. panel], tile = new float[Tile.Size];
            fixed (float* r = rows, p = own, t = tile)
            fixed (uint* w = weights)
            {
                kernels.Pack(r, 0, k / 2, w);
                kernels.Round(p, k, (uint*)p);
                kernels.Multiply(w, 1, (uint*)p, 0, 1, k / 2, t, 0, accumulate: false);
            }

            double signal = 0, noise = 0;
            for (int i = 0; i < Tile.Size; i++)
            {
                (int row, int column) = Math.DivRem(i, Tile.Columns);
                double truth = Enumerable.Range(0, k).Sum(j => (double)rows[row * k + j] * panel[j * Tile.Columns + column]);
                (signal, noise) = (signal + truth * truth, noise + (truth - tile[i]) * (truth - tile[i]));
            }

            return 10 * Math.Log10(signal / noise);
        }
    }

    [Fact]
    public void Where_the_processor_or_the_system_has_no_tiles_it_is_said()
    {
        (TilePairs? kernels, string refusal) = TilePairs.Make(VectorPairs.Emulated, "this processor does not multiply tiles of bfloat16 (AMX)", ExecutableMemory.Publish);
        Assert.Null(kernels);
        Assert.Contains("AMX", refusal, StringComparison.Ordinal);

        (kernels, refusal) = TilePairs.Make(VectorPairs.Emulated, null, PairTests.Refuse);
        Assert.Null(kernels);
        Assert.Equal("the system refuses executable memory (Permission denied)", refusal);
    }

    [PairFact]
    public void Code_that_gives_something_else_is_not_used()
    {
        (TilePairs? kernels, string refusal) = TilePairs.Make(PairTests.Vectors, null, PairTests.Empty);
        Assert.Null(kernels);
        Assert.Contains("not what they should be", refusal, StringComparison.Ordinal);
    }

    // What a Xeon of the fourth generation answers, and each answer that is not enough.
    [Theory]
    [InlineData(true, 0x20, 1 << 22 | 1 << 24, 1, 64 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x1D, 1 << 22 | 1 << 24, 1, 64 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 24, 1, 64 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22, 1, 64 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22 | 1 << 24, 0, 64 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22 | 1 << 24, 1, 32 | 8 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22 | 1 << 24, 1, 64 | 4 << 16, 16, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22 | 1 << 24, 1, 64 | 8 << 16, 8, 16 | 64 << 8)]
    [InlineData(false, 0x20, 1 << 22 | 1 << 24, 1, 64 | 8 << 16, 16, 8 | 64 << 8)]
    public void Tiles_are_used_as_a_processor_describes_them(bool expected, int leaves, int features, int palettes, int names, int rows, int sizes) =>
        Assert.Equal(expected, MatrixTiles.IsDescribed((leaf, sub) => (leaf, sub) switch
        {
            (0, _) => (leaves, 0, 0, 0),
            (7, 0) => (0, 0, 0, features),
            (0x1D, 0) => (palettes, 0, 0, 0),
            (0x1D, 1) => (0, names, rows, 0),
            (0x1E, 0) => (0, sizes, 0, 0),
            _ => throw new ArgumentOutOfRangeException(nameof(leaf)),
        }));
}
