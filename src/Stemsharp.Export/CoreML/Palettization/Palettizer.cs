namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>Palettes of a tensor, one per group along an axis, and an index for every element.</summary>
/// <param name="Tables">[groups, 2^bits], ascending within a group; unused entries at the end are 0.</param>
/// <param name="Indices">One per element, row-major.</param>
internal sealed record Palette(float[] Tables, byte[] Indices);

/// <summary>Finds the palettes with the least squared error.</summary>
internal static class Palettizer
{
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="axis">The grouped axis.</param>
    /// <param name="groups">Equal runs of that axis that have a palette each.</param>
    /// <param name="bits">Bits of an index.</param>
    public static Palette Run(float[] values, ReadOnlySpan<int> shape, int axis, int groups, int bits)
    {
        int size = 1 << bits, length = values.Length / groups, run = shape[axis] / groups;
        foreach (int d in shape[(axis + 1)..])
        {
            run *= d;
        }

        float[] tables = new float[groups * size];
        byte[] indices = new byte[values.Length];
        Parallel.For(0, groups, group =>
        {
            // A group's elements lie in runs, one for each position before the axis.
            float[] own = new float[length];
            byte[] found = new byte[length];
            for (int start = 0; start < length; start += run)
            {
                values.AsSpan(start * groups + group * run, run).CopyTo(own.AsSpan(start));
            }

            float[] centres = Centres(own, size);
            centres.CopyTo(tables.AsSpan(group * size));
            Assign(own, centres, found);
            for (int start = 0; start < length; start += run)
            {
                found.AsSpan(start, run).CopyTo(indices.AsSpan(start * groups + group * run));
            }
        });
        return new Palette(tables, indices);
    }

    // Distinct values of one palette's elements with their counts, as halves: official weights are halves.
    private static float[] Centres(ReadOnlySpan<float> values, int size)
    {
        int[] counts = new int[1 << 16];
        foreach (float v in values)
        {
            counts[BitConverter.HalfToUInt16Bits((Half)v)]++;
        }

        counts[0] += counts[0x8000];
        counts[0x8000] = 0;
        List<(double Value, int Count)> distinct = [];
        for (int bits = 0xFBFF; bits > 0x8000; bits--)
        {
            Take(bits);
        }

        for (int bits = 0; bits <= 0x7BFF; bits++)
        {
            Take(bits);
        }

        double[] centres = KMeans1D.Solve([.. distinct.Select(d => d.Value)], [.. distinct.Select(d => (double)d.Count)], size);
        // The palette holds halves as well; two centres may round to one.
        return [.. centres.Select(c => (float)(Half)c).Distinct()];

        void Take(int bits)
        {
            if (counts[bits] > 0)
            {
                distinct.Add(((double)BitConverter.UInt16BitsToHalf((ushort)bits), counts[bits]));
            }
        }
    }

    private static void Assign(ReadOnlySpan<float> values, float[] centres, Span<byte> indices)
    {
        float[] limits = new float[centres.Length - 1];
        for (int i = 0; i < limits.Length; i++)
        {
            limits[i] = (centres[i] + centres[i + 1]) / 2;
        }

        for (int i = 0; i < values.Length; i++)
        {
            int low = 0, high = limits.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (values[i] > limits[middle])
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            indices[i] = (byte)low;
        }
    }
}
