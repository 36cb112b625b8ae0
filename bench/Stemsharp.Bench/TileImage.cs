using System.Runtime.InteropServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;
using CallingConvention = Stemsharp.MachineCode.CallingConvention;

namespace Stemsharp.Bench;

/// <summary>
/// The functions for tile registers on a disk that an emulator of such a processor starts from, with data for all their forms, and what
/// the emulation makes of it: see bench/mixed/bochs.
/// </summary>
internal static unsafe class TileImage
{
    private const int Base = 0x10000, Limit = 512 * 1024, Header = 64;

    // Told from what else the emulator prints.
    private static ReadOnlySpan<byte> Mark => "<results>"u8;

    /// <summary>Writes a disk and what its run has to print.</summary>
    public static void Write(string boot, string disk, string expected)
    {
        byte[] image = new byte[Limit];
        int free = Header, count = 0;
        SplitMix64 random = new(5);
        List<(int Function, int Call)> calls = [];
        List<(int At, float[] Sums)> sums = [];
        foreach (CallingConvention convention in (CallingConvention[])[CallingConvention.SystemV, CallingConvention.Windows])
        {
            foreach ((int tiles, int parts, bool accumulate) in from t in (int[])[1, 2] from p in (int[])[1, 2] from a in (bool[])[false, true] select (t, p, a))
            {
                int function = Place(TileCode.Product(convention, tiles, parts, accumulate));
                foreach ((int rows, int pairs, int steps, int panels) in convention == CallingConvention.Windows ? [(16, 5, 1, 1)] : ((int, int, int, int)[])[(16, 16, 2, 1), (16, 5, 1, 2), (8, 16, 1, 1), (8, 1, 1, 1)])
                {
                    if (tiles > 1 && rows < TileCode.Side)
                    {
                        continue;
                    }

                    byte[] sizes = new byte[64];
                    TileCode.Size(rows, pairs, sizes);
                    uint[] weights = Numbers(steps * TileCode.TilesAtOnce * parts * TileCode.TileWords), panel = Numbers(panels * steps * TileCode.Side * parts * Tile.Columns);
                    float[] target = [.. Numbers(panels * ((tiles - 1) * TileCode.Side + rows) * Tile.Columns).Select(BitConverter.UInt32BitsToSingle)];
                    int targetFloats = target.Length / panels, sizesAt = Place(sizes), weightsAt = Place(MemoryMarshal.AsBytes(weights.AsSpan())), panelAt = Place(MemoryMarshal.AsBytes(panel.AsSpan()));
                    int call = free;
                    TileCall own = new() { Steps = steps, PanelBytes = panel.Length / panels * sizeof(uint), Count = panels, TilesBytes = targetFloats * sizeof(float) };
                    TileCall there = own with { Sizes = (byte*)(Base + sizesAt), Weights = (uint*)(Base + weightsAt), Panels = (uint*)(Base + panelAt) };
                    calls.Add((function, Place(new ReadOnlySpan<byte>(&there, sizeof(TileCall)))));
                    sums.Add((call, target.ToArray()));
                    fixed (uint* w = weights, p = panel)
                    fixed (float* t = target)
                    {
                        own.Weights = w;
                        own.Panels = p;
                        own.Tiles = t;
                        TileEmulation.Product(&own, tiles, rows, pairs, parts, accumulate);
                    }

                    sums.Add((-1, target));
                    count++;
                }
            }
        }

        int table = Place(MemoryMarshal.AsBytes(calls.SelectMany(c => new long[] { Base + c.Function, Base + c.Call }).ToArray().AsSpan()));
        int results = Place(Mark);
        using FileStream truth = File.Create(expected);
        for (int i = 0; i < sums.Count; i += 2)
        {
            // Right behind each other, without gaps.
            ReadOnlySpan<byte> start = MemoryMarshal.AsBytes(sums[i].Sums.AsSpan());
            BitConverter.TryWriteBytes(image.AsSpan(sums[i].At + (int)Marshal.OffsetOf<TileCall>(nameof(TileCall.Tiles))), (long)(Base + free));
            start.CopyTo(image.AsSpan(free));
            free += start.Length;
            truth.Write(MemoryMarshal.AsBytes(sums[i + 1].Sums.AsSpan()));
        }

        long[] header = [calls.Count, Base + table, Base + results, free - results];
        MemoryMarshal.AsBytes(header.AsSpan()).CopyTo(image);
        using FileStream file = File.Create(disk);
        file.Write(File.ReadAllBytes(boot));
        file.Write(image);
        file.SetLength(2 * 1_032_192); // whole cylinders of 16 heads and 63 sectors
        Console.WriteLine($"{count} calls of {calls.Select(c => c.Function).Distinct().Count()} functions, {free} bytes");

        int Place(ReadOnlySpan<byte> bytes)
        {
            free = (free + 63) / 64 * 64;
            bytes.CopyTo(image.AsSpan(free));
            free += bytes.Length;
            return free - bytes.Length;
        }

        // Pairs of bfloat16, some subnormal, zero, near the smallest or infinite.
        uint[] Numbers(int length) => [.. Enumerable.Range(0, length).Select(_ => Half() | Half() << 16)];

        uint Half()
        {
            uint bits = (uint)random.Next() & 0xFFFF;
            return (random.Next() % 64) switch
            {
                0 => random.Next() % 32 == 0 ? bits & 0x8000 | 0x7F80 : bits & 0x807F,
                1 => bits & 0x8000,
                2 => bits & 0x80FF | (uint)(random.Next() % 90) << 7,
                _ => bits & 0x807F | (uint)(110 + random.Next() % 30) << 7,
            };
        }
    }

    /// <summary>Compares what was printed.</summary>
    /// <returns>The exit code.</returns>
    public static int Check(string printed, string expected)
    {
        byte[] all = File.ReadAllBytes(printed), truth = File.ReadAllBytes(expected);
        int start = all.AsSpan().IndexOf(Mark);
        if (start < 0 || all.Length < start + Mark.Length + truth.Length)
        {
            Console.Error.WriteLine("The emulator has printed no results.");
            return 1;
        }

        ReadOnlySpan<uint> one = MemoryMarshal.Cast<byte, uint>(all.AsSpan(start + Mark.Length, truth.Length).ToArray()), other = MemoryMarshal.Cast<byte, uint>(truth);
        int differ = 0;
        for (int i = 0; i < one.Length; i++)
        {
            differ += one[i] == other[i] ? 0 : 1;
        }

        Console.WriteLine($"{one.Length} sums, {differ} differ");
        return differ == 0 ? 0 : 1;
    }
}
