using Stemsharp.Cpu.Steps;
using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.MachineCode;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <summary>Products of bfloat16: the emulation against arithmetic, the machine's code against the emulation, bit for bit.</summary>
public unsafe class PairKernelTests
{
    [Theory]
    [InlineData(1f, 0x3F80)]
    [InlineData(-1.00390625f, 0xBF80)] // a tie goes to the even neighbour
    [InlineData(1.01171875f, 0x3F82)]
    [InlineData(1.0039064f, 0x3F81)]
    [InlineData(3.4028235e38f, 0x7F80)]
    [InlineData(float.PositiveInfinity, 0x7F80)]
    [InlineData(float.NegativeInfinity, 0xFF80)]
    [InlineData(0f, 0)]
    [InlineData(-0f, 0x8000)]
    [InlineData(1e-39f, 0)]
    [InlineData(-1e-39f, 0x8000)]
    [InlineData(1.17549435e-38f, 0x0080)]
    public void Rounding_is_to_the_nearest(float value, int code)
    {
        Assert.Equal((ushort)code, Bfloat16.Round(value));
        float[] many = new float[40];
        Array.Fill(many, value);
        ushort[] codes = new ushort[40];
        Bfloat16.Round(many, codes);
        Assert.All(codes, c => Assert.Equal((ushort)code, c));
    }

    [Fact]
    public void What_is_no_number_stays_none()
    {
        foreach (uint bits in (uint[])[0x7FFFFFFF, 0x7F800001, 0xFFFFFFFF, 0x7FC00000])
        {
            float value = BitConverter.UInt32BitsToSingle(bits);
            Assert.True(float.IsNaN(Bfloat16.Widen(Bfloat16.Round(value))));
            ushort[] codes = new ushort[16];
            Bfloat16.Round(Enumerable.Repeat(value, 16).ToArray(), codes);
            Assert.All(codes, c => Assert.Equal(Bfloat16.Round(value), c));
        }
    }

    [Fact]
    public void Rounding_errs_by_half_a_step_at_most()
    {
        SplitMix64 random = new(1);
        float[] values = [.. Enumerable.Range(0, 4096).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.Next())).Where(v => float.IsNormal(v) && Math.Abs(v) < 3e38f)];
        ushort[] codes = new ushort[values.Length];
        Bfloat16.Round(values, codes);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(Bfloat16.Round(values[i]), codes[i]);
            Assert.True(Math.Abs(Bfloat16.Widen(codes[i]) - values[i]) <= Math.Abs((double)values[i]) / 256, $"{values[i]:R}");
        }
    }

    [Fact]
    public void The_emulation_adds_odd_numbers_first_and_flushes_what_is_subnormal()
    {
        uint Pair(float even, float odd) => Bfloat16.Round(even) | (uint)Bfloat16.Round(odd) << 16;

        // 2²⁴ + 1 is 2²⁴, and + 2 is not: the order shows.
        Assert.Equal(0, VectorEmulation.MultiplyAdd(1, Pair(-16777216, 16777216), Pair(1, 1)));
        Assert.Equal(1, VectorEmulation.MultiplyAdd(0, Pair(1, 16777216), Pair(1, 0)));
        Assert.Equal(7, VectorEmulation.MultiplyAdd(1, Pair(2, 4), Pair(1, 1)));
        Assert.Equal(0, VectorEmulation.MultiplyAdd(1e-39f, 0, 0));
        Assert.Equal(0, VectorEmulation.MultiplyAdd(0, Pair(1e-20f, 0), Pair(1e-20f, 0)));
    }

    [Fact]
    public void The_emulations_products_are_those_of_rounded_numbers()
    {
        foreach (int depth in (int[])[1, 2, 7, 64, 130])
        {
            (float[] weights, float[] panel) = (Random(depth * Tile.Rows, 1), Random(depth * Tile.Columns, 2));
            float[] tile = new float[Tile.Size];
            Multiply(VectorPairs.Emulated, weights, panel, depth, tile);
            for (int i = 0; i < Tile.Size; i++)
            {
                (int row, int column) = Math.DivRem(i, Tile.Columns);
                double expected = Enumerable.Range(0, depth).Sum(k =>
                    (double)Bfloat16.Widen(Bfloat16.Round(weights[k * Tile.Rows + row])) * Bfloat16.Widen(Bfloat16.Round(panel[k * Tile.Columns + column])));
                Assert.Equal(expected, tile[i], 1e-5 * Math.Sqrt(depth));
            }
        }
    }

    [PairFact]
    public void The_machines_code_gives_the_emulations_bits()
    {
        VectorPairs native = PairTests.Vectors;
        SplitMix64 random = new(3);
        foreach (int pairs in (int[])[1, 2, 3, 31, 32, 64, 257])
        {
            // Any bits but numbers that are none: which of two of those a sum keeps is not told anywhere.
            uint[] weights = Bits(pairs * Tile.Rows, 0), panel = Bits(pairs * Tile.Columns, 0), tame = Bits(pairs * Tile.Rows, 1), tamePanel = Bits(pairs * Tile.Columns, 1);
            foreach ((uint[] a, uint[] b) in ((uint[], uint[])[])[(weights, panel), (tame, tamePanel)])
            {
                float[] one = Random(Tile.Size, 9), other = [.. one];
                foreach (bool accumulate in (bool[])[true, false, true])
                {
                    fixed (uint* pa = a, pb = b)
                    fixed (float* p = one, q = other)
                    {
                        native.Multiply(pa, 1, pb, 0, 1, pairs, p, 0, accumulate);
                        VectorPairs.Emulated.Multiply(pa, 1, pb, 0, 1, pairs, q, 0, accumulate);
                    }

                    Assert.Equal(other.Select(Canonical), one.Select(Canonical));
                }
            }
        }

        uint[] Bits(int count, int kind) => [.. Enumerable.Range(0, count).Select(_ => Half(kind) | Half(kind) << 16)];

        uint Half(int kind)
        {
            while (true)
            {
                uint bits = (uint)random.Next() & 0xFFFF;
                int exponent = (int)(bits >> 7 & 0xFF);
                if (kind == 0 ? exponent is > 0 and < 250 || (random.Next() % 8 == 0 && exponent != 255) : exponent is > 110 and < 140)
                {
                    return bits;
                }
            }
        }

        static int Canonical(float x) => float.IsNaN(x) ? int.MaxValue : BitConverter.SingleToInt32Bits(x);
    }

    [PairFact]
    public void The_machine_rounds_as_the_emulation_does()
    {
        VectorPairs native = PairTests.Vectors;
        SplitMix64 random = new(4);
        for (int rows = 1; rows < 12; rows++)
        {
            float[] one = [.. Enumerable.Range(0, rows * Tile.Columns).Select(i => BitConverter.UInt32BitsToSingle(i % 5 == 0 ? (uint)random.Next() : (uint)random.Next() & 0xBFFF8000))], other = [.. one];
            fixed (float* p = one, q = other)
            {
                native.Round(p, rows, (uint*)p);
                VectorPairs.Emulated.Round(q, rows, (uint*)q);
            }

            Assert.Equal(other.Take(PairKernels.Pairs(rows) * Tile.Columns).Select(BitConverter.SingleToUInt32Bits), one.Take(PairKernels.Pairs(rows) * Tile.Columns).Select(BitConverter.SingleToUInt32Bits));
        }
    }

    /// <summary>Every kind of kernels, emulated.</summary>
    public static TheoryData<string> Kinds => ["vectors", "tiles", "threefold"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_matrix_of_pairs_is_multiplied_as_one_of_rounded_numbers(string kind)
    {
        PairKernels kernels = Kind(kind);
        foreach ((int rows, int k) in ((int, int)[])[(8, 16), (13, 6), (24, 1026), (33, 64), (56, 102)])
        {
            float[] matrix = Random(rows * k, 5), panel = Random(k * Tile.Columns, 6), bias = Random(rows, 7);
            using PackedWeights paired = new(rows, k, kernels);
            paired.Fill([.. Enumerable.Range(0, rows)], matrix, bias);
            Assert.Equal(bias, new ReadOnlySpan<float>(paired.Bias, rows).ToArray());
            float[] tiles = new float[paired.Strips * Tile.Size], own = [.. panel], room = new float[Product<Simd1, float>.RoomFloats];
            fixed (float* p = own, t = tiles, r = room)
            {
                Product<Simd1, float>.Prepare(paired, p, k);
                for (int strip = 0; strip < paired.Strips; strip += paired.StripsAtOnce)
                {
                    Product<Simd1, float>.Run(paired, strip, Math.Min(paired.StripsAtOnce, paired.Strips - strip), 0, k, p, 0, 1, t + strip * Tile.Size, 0, r);
                }
            }

            for (int i = 0; i < tiles.Length; i++)
            {
                (int row, int column) = Math.DivRem(i, Tile.Columns);
                double expected = row >= rows ? 0 : Enumerable.Range(0, k).Sum(j => (double)Rounded(matrix[row * k + j]) * Rounded(panel[j * Tile.Columns + column]));
                Assert.Equal(expected, tiles[i], 1e-5 * Math.Sqrt(k));
            }
        }

        float Rounded(float x) => kind == "threefold" ? x : Bfloat16.Widen(Bfloat16.Round(x));
    }

    // A depth's parts, one after the other, are added to what is there.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Parts_of_a_depth_add_up(string kind)
    {
        const int rows = 40, k = 224, first = 96;
        PairKernels kernels = Kind(kind);
        float[] matrix = Random(rows * k, 5), panel = Random(2 * k * Tile.Columns, 6);
        using PackedWeights paired = new(rows, k, kernels);
        paired.Fill([.. Enumerable.Range(0, rows)], matrix, []);
        float[] whole = new float[2 * paired.Strips * Tile.Size], parts = [.. whole], own = [.. panel], room = new float[Product<Simd1, float>.RoomFloats];
        fixed (float* p = own, w = whole, q = parts, r = room)
        {
            Product<Simd1, float>.Prepare(paired, p, k);
            Product<Simd1, float>.Prepare(paired, p + k * Tile.Columns, k);
            nint stride = paired.Strips * Tile.Size, skipped = first / 2 * Tile.Columns * (kind == "threefold" ? 2 : 1);
            for (int strip = 0; strip < paired.Strips; strip += paired.StripsAtOnce)
            {
                int some = Math.Min(paired.StripsAtOnce, paired.Strips - strip);
                Product<Simd1, float>.Run(paired, strip, some, 0, k, p, k * Tile.Columns, 2, w + strip * Tile.Size, stride, r);
                Product<Simd1, float>.Run(paired, strip, some, 0, first, p, k * Tile.Columns, 2, q + strip * Tile.Size, stride, r);
                Product<Simd1, float>.Run(paired, strip, some, first, k - first, p + skipped, k * Tile.Columns, 2, q + strip * Tile.Size, stride, r, accumulate: true);
            }
        }

        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.NotEqual(0, whole[^1]);
    }

    [Theory]
    [InlineData("vectors")]
    [InlineData("tiles")]
    public void Attention_in_pairs_is_near_that_in_single_precision(string kind)
    {
        foreach ((int width, int keys) in ((int, int)[])[(8, 1), (8, 9), (24, 127), (16, 131), (48, 300), (64, 129)])
        {
            float[] query = Random(width * Tile.Columns, 8), key = Random(width * (keys + 7), 9), value = Random(width * keys, 10);
            float[] single = Attend(query, key, value, keys, width, null), paired = Attend(query, key, value, keys, width, Kind(kind));
            double error = single.Zip(paired, (a, b) => (double)(a - b) * (a - b)).Sum(), power = single.Sum(a => (double)a * a);
            Assert.InRange(10 * Math.Log10(power / error), 38, 70);
        }
    }

    [Fact]
    public void Where_the_processor_or_the_system_refuses_it_is_said()
    {
        (PairKernels? kernels, string refusal) = VectorPairs.Make(isSupported: false, ExecutableMemory.Publish);
        Assert.Null(kernels);
        Assert.Contains("AVX512_BF16", refusal, StringComparison.Ordinal);

        (kernels, refusal) = VectorPairs.Make(isSupported: true, PairTests.Refuse);
        Assert.Null(kernels);
        Assert.Equal("the system refuses executable memory (Permission denied)", refusal);
    }

    [PairFact]
    public void Code_that_gives_something_else_is_not_used()
    {
        (PairKernels? kernels, string refusal) = VectorPairs.Make(isSupported: true, PairTests.Empty);
        Assert.Null(kernels);
        Assert.Contains("not what they should be", refusal, StringComparison.Ordinal);
    }

    private static PairKernels Kind(string kind) => kind switch
    {
        "vectors" => VectorPairs.Emulated,
        "tiles" => TilePairs.Emulated,
        _ => TilePairs.Emulated.Threefold!,
    };

    // [width][keys] of keys and values into the strips that the kernel reads.
    private static float[] Attend(float[] query, float[] key, float[] value, int keys, int width, PairKernels? pairs)
    {
        int depth = pairs is null ? width : width / 2;
        float[] own = [.. query], k = Dirty(ProjectionTargets.PackedKeys("k", 1, width, keys, pairs).Positions), v = Dirty(ProjectionTargets.PackedValues("v", 1, width, keys, pairs).Positions);
        float[] scratch = Dirty((int)AttentionKernel<Simd1, float>.Scratch(width)), tile = new float[Tile.Size], bias = new float[Tile.Rows];
        fixed (float* q = own, pk = k, pv = v, s = scratch, t = tile, b = bias)
        {
            for (int first = 0; first < width; first += Tile.Rows)
            {
                for (int start = 0; start < keys; start += Tile.Columns)
                {
                    int count = Math.Min(Tile.Columns, keys - start), channels = Math.Min(Tile.Rows, width - first);
                    Fill(key, first, start, channels, count, keys + 7);
                    pairs?.Round(t, channels, (uint*)t);
                    if (pairs is TilePairs)
                    {
                        AttentionStrips<Simd1, float>.StoreKeyTiles(t, start, count, pk, first / 2, depth, TilePairs.Emulated);
                    }

                    for (int r = 0; pairs is not TilePairs && r < (pairs is null ? channels : channels / 2); r++)
                    {
                        AttentionStrips<Simd1, float>.StoreKeys(t + r * Tile.Columns, count, pk + (start / Tile.Rows * depth + (pairs is null ? first : first / 2) + r) * Tile.Rows, depth);
                    }

                    Fill(value, first, start, channels, count, keys);
                    switch (pairs)
                    {
                        case null: AttentionStrips<Simd1, float>.StoreValues(t, b, count, pv + first * keys + start * Tile.Rows); break;
                        case TilePairs tiles: AttentionStrips<Simd1, float>.StoreValueTiles(t, b, start, count, pv, first / Tile.Rows, PairKernels.Pairs(keys), tiles); break;
                        default: AttentionStrips<Simd1, float>.StoreValuePairs(t, b, count, pv + first * PairKernels.Pairs(keys) + start / 2 * Tile.Rows); break;
                    }
                }
            }

            pairs?.Round(q, width, (uint*)q);
            AttentionKernel<Simd1, float>.Run(q, 1, pk, pv, keys, width, s, pairs);
        }

        return scratch[..(width * Tile.Columns)];

        static float[] Dirty(int count)
        {
            float[] memory = new float[count];
            Array.Fill(memory, float.NaN);
            return memory;
        }

        // What lies beyond is no number: whoever reads it is found out.
        void Fill(float[] source, int first, int start, int channels, int count, int stride)
        {
            Array.Fill(tile, float.NaN);
            for (int r = 0; r < channels; r++)
            {
                source.AsSpan((first + r) * stride + start, count).CopyTo(tile.AsSpan(r * Tile.Columns));
            }
        }
    }

    private static void Multiply(PairKernels kernels, float[] weights, float[] panel, int depth, float[] tile)
    {
        uint[] a = new uint[PairKernels.Pairs(depth) * Tile.Rows], b = new uint[PairKernels.Pairs(depth) * Tile.Columns];
        for (int i = 0; i < a.Length; i++)
        {
            (int pair, int row) = Math.DivRem(i, Tile.Rows);
            a[i] = Bfloat16.Round(weights[2 * pair * Tile.Rows + row]) | (2 * pair + 1 < depth ? (uint)Bfloat16.Round(weights[(2 * pair + 1) * Tile.Rows + row]) << 16 : 0);
        }

        fixed (float* p = panel, t = tile)
        fixed (uint* pa = a, pb = b)
        {
            kernels.Round(p, depth, pb);
            kernels.Multiply(pa, 1, pb, 0, 1, PairKernels.Pairs(depth), t, 0, accumulate: false);
        }
    }

    private static float[] Random(int count, ulong seed)
    {
        SplitMix64 random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (long)random.Next() / 9.223372e18f)];
    }
}
