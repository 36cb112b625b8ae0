using System.Collections.Immutable;
using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Tests;

/// <summary>
/// Small graphs for every kernel, at sizes around its tiles. Tests run them on whatever device there is; the self-test of
/// the bench runs them on a GPU with every tile.
/// </summary>
internal static class KernelCases
{
    public static IReadOnlyDictionary<string, Action<GraphBuilder>> All { get; } = new Dictionary<string, Action<GraphBuilder>>
    {
        ["linear 1×1×1"] = g => Linear(g, 1, 1, 1),
        ["linear 3×5×7"] = g => Linear(g, 3, 5, 7),
        ["linear 48×16×255"] = g => Linear(g, 48, 16, 255),
        ["linear 97×33×257"] = g => Linear(g, 97, 33, 257),
        ["linear 130×64×129"] = g => Linear(g, 130, 64, 129),
        ["conv along rows, 8 by 4"] = g => AlongRows(g, 5, 4, 20, 13, 8, 4, 2),
        ["conv 3×3"] = g => AlongRows(g, 48, 3, 33, 12, 3, 1, 1),
        ["conv 3×3 of 32"] = g => AlongRows(g, 40, 32, 7, 30, 3, 1, 1),
        ["conv along time of 16"] = g => AlongTime(g, 24, 16, 301, 8, 4, 2, 1),
        ["transposed along rows of 32"] = g => TransposedRows(g, 5, 32, 9, 14, 2, 34),
        ["conv along time, padded"] = g => AlongTime(g, 6, 4, 301, 8, 4, 2, 1),
        ["conv along time, dilated"] = g => AlongTime(g, 16, 5, 259, 3, 1, 2, 2),
        ["gated with embedding, 10"] = g => Gated(g, 10, 6, 300),
        ["gated with embedding, 96"] = g => Gated(g, 96, 48, 200),
        ["transposed along rows, skip"] = g => TransposedRows(g, 3, 5, 9, 14, 2, 34),
        ["transposed along rows, whole"] = g => TransposedRows(g, 8, 16, 4, 260, 0, 20),
        ["transposed along time"] = g => TransposedTime(g, 3, 5, 90, 2, 357),
        ["transposed along time, whole"] = g => TransposedTime(g, 8, 16, 260, 0, 1044),
        ["dconv by row, 16"] = g => DConv(g, new Shape(16, 5, 37), 2, 1),
        ["dconv by row, 48"] = g => DConv(g, new Shape(48, 3, 130), 6, 2),
        ["dconv by row, 96"] = g => DConv(g, new Shape(96, 2, 140), 24, 2),
        ["dconv, 16"] = g => DConv(g, new Shape(16, 533), 2, 1),
        ["dconv, 48"] = g => DConv(g, new Shape(48, 1030), 6, 2),
        ["attention 16 of 4"] = g => Attention(g, 16, 4, 63, 63),
        ["attention 64 of 1"] = g => Attention(g, 64, 1, 130, 97),
        ["attention 96 of 2"] = g => Attention(g, 96, 2, 33, 200),
        ["attention 512 of 8"] = g => Attention(g, 512, 8, 70, 129),
        ["layer norm 20"] = g => LayerNorm(g, 20, 5, 9),
        ["layer norm 64"] = g => LayerNorm(g, 64, 7, 33),
        ["group norm"] = g => GroupNorm(g, 12, 4, 7, 31, false),
        ["group norm by row"] = g => GroupNorm(g, 12, 1, 7, 31, true),
        ["group norm, large"] = g => GroupNorm(g, 8, 1, 64, 100, false),
        ["norm, crop, gelu, sum"] = NormCropSum,
        ["standardised and restored"] = Standardised,
        ["maps"] = Maps,
        ["rms norm 20"] = g => g.Output("y", g.RmsNorm("norm", g.Input("x", new Shape(20, 5, 9)))),
        ["rms norm 67"] = g => g.Output("y", g.Linear("linear", g.RmsNorm("norm", g.Input("x", new Shape(67, 2, 33))), 5)),
        ["linear, tanh"] = g => g.Output("y", g.Tanh(g.Linear("linear", g.Input("x", new Shape(16, 3, 65)), 9))),
        ["rotary along time, 2 of 8"] = g => Rotary(g, 12, 2, 8, 3, 33, SequenceAxis.Last),
        ["rotary along time, 1 of 64"] = g => Rotary(g, 32, 1, 64, 2, 70, SequenceAxis.Last),
        ["rotary along rows, 2 of 24"] = g => Rotary(g, 20, 2, 24, 17, 31, SequenceAxis.Rows),
        ["rotary along rows, 3 of 16"] = g => Rotary(g, 16, 3, 16, 65, 5, SequenceAxis.Rows),
        ["rotary along both"] = RotaryBoth,
        ["rotary among others"] = RotaryAmongOthers,
        ["functions and products"] = Functions,
        ["batch norm, elu"] = g => g.Output("y", g.Elu(g.BatchNorm("norm", g.Input("x", new Shape(6, 5, 77))), 0.7)),
        ["batch norm alone"] = g => g.Output("y", g.BatchNorm("norm", g.Input("x", new Shape(5, 3, 20)))),
        ["group norm by row, silu"] = g => g.Output("y", g.Silu(g.GroupNorm("norm", g.Input("x", new Shape(12, 7, 31)), 1, perRow: true))),
        ["instance norm, relu"] = g => g.Output("y", g.Relu(g.GroupNorm("norm", g.Input("x", new Shape(9, 7, 31)), 9))),
        ["conv 2×2 by 2"] = g => g.Output("y", g.Conv("conv", g.Input("x", new Shape(5, 8, 34)), 20, [2, 2], [2, 2], [0, 0], [1, 1], hasBias: false)),
        ["upsample 2×2 of 7"] = g => g.Output("y", g.Upsample("up", g.Input("x", new Shape(7, 5, 9)), 6, 2, 2)),
        ["upsample 3×2 of 32, skip"] = UpsampleAdd,
        ["depthwise conv 3"] = g => g.Output("y", g.DepthwiseConv("conv", g.Input("x", new Shape(11, 5, 37)), 3)),
        ["depthwise conv 9, pointwise"] = g => g.Output("y", g.Conv("1", g.Silu(g.DepthwiseConv("conv", g.Input("x", new Shape(8, 2, 300)), 9)), 5, [1], [1], [0], [1])),
        ["linear along rows 7×5"] = g => g.Output("y", g.LastAxisLinear("linear", g.Input("x", new Shape(3, 4, 5)), 7)),
        ["linear along rows 33×64, skip"] = AlongRowsAdd,
        ["fourier of 16 and back"] = g => Fourier(g, 3, 4, 16),
        ["fourier of 154 and back"] = g => Fourier(g, 5, 33, 154),
        ["reshaped, swapped"] = Rearranged,
        ["crops and zeros in front of convolutions"] = CroppedBands,
        ["crops and zeros"] = Cropped,
        ["doubled"] = g => g.Output("y", g.Glu(g.Conv("conv", Doubled(g, g.Gelu(g.Input("x", new Shape(6, 9, 21)))), 12, [3, 3], [1, 1], [1, 1], [1, 1]))),
        ["concatenated"] = Concatenated,
        ["lstm along rows, 3 of 5"] = g => Lstm(g, 3, 5, new Shape(5, 9, 21), SequenceAxis.Rows),
        ["lstm along time, 33 of 6"] = g => Lstm(g, 33, 6, new Shape(6, 9, 21), SequenceAxis.Last),
        ["lstm along time, 160 of 8"] = g => Lstm(g, 160, 8, new Shape(8, 18, 6), SequenceAxis.Last),
        ["lstm of one sequence, 300 of 8"] = g => Lstm(g, 300, 8, new Shape(8, 11), SequenceAxis.Last),
        ["standardised by the mean"] = StandardisedByMean,
        ["amplitudes and phases"] = g => Polar(g, 1e-8),
        ["phases without epsilon"] = g => Polar(g, 0),
        ["frames of rows and back"] = g => Frames(g, new Shape(5, 3, 77), 20, 10),
        ["frames of one row and back"] = g => Frames(g, new Shape(4, 250), 40, 20),
        ["twice the rate and back"] = Resampled,
        ["local attention 12 of 4"] = g => g.Output("y", g.LocalAttention(g.Input("x", new Shape(12, 3, 70)), 4, 4)),
        ["local attention 8 of 2, one row"] = g => g.Output("y", g.LocalAttention(g.Input("x", new Shape(8, 131)), 2, 4)),
        ["rows under each other"] = JoinedRows,
        ["single rows"] = g => g.Output("y", g.Gelu(g.AsRow("row", g.Relu(g.DropRow("drop", g.Gelu(g.Input("x", new Shape(5, 1, 33)))))))),
        ["bands and masks"] = g => Bands(g, 2, 12, 37, 1, 1, [new(0, 2), new(2, 1), new(3, 9), new(12, 21)]),
        ["overlapping bands and masks"] = g => Bands(g, 4, 20, 65, 2, 3, [new(0, 3), new(2, 2), new(3, 30), new(16, 17)]),
    };

    private static void StandardisedByMean(GraphBuilder g)
    {
        (Value x, Value mean, Value std) = g.Standardize("standardize", g.Input("x", new Shape(2, 5000)), ofMean: true);
        g.Output("x", x);
        g.Output("y", g.Restore("restore", g.Gelu(x), mean, std));
    }

    private static void Polar(GraphBuilder g, double epsilon)
    {
        Value z = g.Input("z", new Shape(4, 7, 29)), sizes = g.Amplitude("amplitude", z);
        g.Output("sizes", sizes);
        g.Output("y", g.Phase("phase", g.Input("m", new Shape(6, 7, 29)), z, epsilon));
    }

    private static void Frames(GraphBuilder g, Shape shape, int length, int step)
    {
        Value x = g.Input("x", shape), frames = g.Gelu(g.Frames("frames", x, length, step));
        g.Output("frames", frames);
        g.Output("y", g.JoinFrames("joined", frames, shape, step));
    }

    private static void Resampled(GraphBuilder g)
    {
        static Table Taps(int phases, int count) => new("taps", new Shape(phases, count), [.. Enumerable.Range(0, phases * count).Select(i => Math.Cos(0.3 * i) / count)]);
        Value twice = g.Resample("double", g.Input("x", new Shape(2, 131)), Taps(2, 9), 1, 4);
        g.Output("y", twice);
        g.Output("z", g.Resample("halve", g.Relu(twice), Taps(1, 13), 2, 6));
    }

    private static void JoinedRows(GraphBuilder g)
    {
        Value a = g.Input("a", new Shape(3, 9, 11)), b = g.Input("b", new Shape(3, 8, 11));
        Value up = g.ConvTranspose("0", a, 4, 8, 4, 0, 40), down = g.ConvTranspose("1", b, 4, 8, 4, 0, 36);
        g.Output("plain", g.JoinRows("plain", [a, b]));
        g.Output("y", g.Gelu(g.JoinRows("bands", [up, down], 4, ["1.bias"])));
    }

    private static void Functions(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(6, 11, 29)), y = g.Input("y", new Shape(6, 11, 29));
        Value a = g.Elu(g.ChannelScale("scale", x), 1.3), b = g.Silu(y);
        g.Output("a", g.Mul("product", a, b));
        g.Output("b", g.Mul("square", b, b));
        g.Output("c", g.Tanh(g.Elu(a, 0.5)));
    }

    private static void UpsampleAdd(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(32, 6, 20)), skip = g.Input("skip", new Shape(10, 18, 40));
        g.Output("y", g.Add("sum", g.Relu(g.Upsample("up", x, 10, 3, 2)), skip));
    }

    private static void AlongRowsAdd(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(6, 13, 64));
        Value narrow = g.Gelu(g.GroupNorm("norm", g.LastAxisLinear("0", g.Gelu(x), 33), 6));
        g.Output("y", g.Add("sum", x, g.LastAxisLinear("1", narrow, 64)));
    }

    private static void Fourier(GraphBuilder g, int channels, int rows, int points)
    {
        Value spectrum = g.RealFourier("there", g.Input("x", new Shape(channels, rows, points)), 1 / Math.Sqrt(points));
        g.Output("y", spectrum);
        g.Output("z", g.InverseRealFourier("back", g.ChannelScale("scale", spectrum), Math.Sqrt(points)));
    }

    // With and without gaps behind channels.
    private static void Rearranged(GraphBuilder g)
    {
        Value a = g.Input("a", new Shape(4, 8, 12)), b = g.Input("b", new Shape(3, 10, 7));
        Value c = g.Swap("swap", g.Reshape("subbands", a, 8, 4, 12));
        g.Output("c", g.Reshape("again", g.Gelu(c), 2, 12, 16));
        g.Output("d", g.Reshape("rows", g.Relu(a), 2, 16, 12));
        g.Output("e", g.Swap("swap2", g.Reshape("other", g.Gelu(b), 6, 5, 7)));
        g.Output("f", g.Conv("conv", g.Swap("swap3", g.Reshape("whole", a, 2, 16, 12)), 5, [3, 3], [1, 1], [1, 1], [1, 1]));
    }

    private static void CroppedBands(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(4, 23, 19)), y = g.Conv("in", x, 16, [1, 1], [1, 1], [0, 0], [1, 1]);
        foreach ((string name, Value of) in new[] { ("a", x), ("b", y) })
        {
            Value low = g.PadRows(g.Crop(of, 0, 7), 1, 1), middle = g.Crop(of, 7, 8), high = g.PadRows(g.Crop(of, 15, 8), 0, 4);
            g.Output($"{name}.low", g.Conv($"{name}.low", low, 8, [3, 1], [1, 1], [0, 0], [1, 1]));
            g.Output($"{name}.middle", g.Conv($"{name}.middle", middle, 8, [4, 1], [4, 1], [0, 0], [1, 1]));
            g.Output($"{name}.high", g.Conv($"{name}.high", high, 8, [3, 3], [2, 1], [1, 1], [1, 1]));
            g.Output($"{name}.point", g.Conv($"{name}.point", g.Crop(of, 3, 5), 8, [1, 1], [1, 1], [0, 0], [1, 1]));
            g.Output($"{name}.up", g.ConvTranspose($"{name}.up", g.Crop(of, 2, 9), 3, 4, 4, 1, 33));
        }
    }

    private static void Cropped(GraphBuilder g)
    {
        Value x = g.Gelu(g.Input("x", new Shape(4, 23, 19)));
        g.Output("a", g.PadRows(x, 2, 3));
        g.Output("b", g.Relu(g.PadRows(g.Crop(x, 5, 7), 1, 0)));
        g.Output("c", g.Pad(g.Input("y", new Shape(3, 41)), 50, 4));
        g.Output("d", g.Pad(x, 25, 3));
    }

    private static Value Doubled(GraphBuilder g, Value x) => g.Concat("doubled", 0, x, x);

    private static void Concatenated(GraphBuilder g)
    {
        Value a = g.Input("a", new Shape(4, 9, 11)), b = g.Gelu(g.Input("b", new Shape(4, 6, 11))), c = g.Input("c", new Shape(7, 9, 11));
        g.Output("rows", g.Concat("rows", 1, a, b, a));
        g.Output("channels", g.Conv("conv", g.Concat("channels", 0, a, c), 5, [1, 1], [1, 1], [0, 0], [1, 1]));
        g.Output("twice", g.Concat("twice", 0, b, b));
    }

    private static void Lstm(GraphBuilder g, int units, int channels, Shape shape, SequenceAxis axis)
    {
        Value x = g.Input("x", shape);
        g.Output("y", g.Add("sum", x, g.Linear("linear", g.Lstm("lstm", x, units, axis), channels)));
    }

    private static void Linear(GraphBuilder g, int rows, int terms, int columns) =>
        g.Output("y", g.Linear("linear", g.Input("x", new Shape(terms, columns)), rows));

    private static void AlongRows(GraphBuilder g, int rows, int channels, int f, int t, int kernel, int stride, int padding) =>
        g.Output("y", g.Gelu(g.Conv("conv", g.Input("x", new Shape(channels, f, t)), rows, [kernel, kernel == 3 ? 3 : 1], [stride, 1], [padding, kernel == 3 ? 1 : 0], [1, 1])));

    private static void AlongTime(GraphBuilder g, int rows, int channels, int length, int kernel, int stride, int padding, int dilation)
    {
        Value x = g.Input("x", new Shape(channels, length));
        if (stride > 1)
        {
            x = g.Pad(x, (length + stride - 1) / stride * stride);
        }

        g.Output("y", g.Relu(g.Conv("conv", x, rows, [kernel], [stride], [padding], [dilation])));
    }

    private static void Gated(GraphBuilder g, int rows, int channels, int t)
    {
        Value x = g.Input("x", new Shape(channels, 3, t));
        g.Output("y", g.FrequencyEmbedding("embedding", g.Glu(g.Conv("conv", x, rows, [1, 1], [1, 1], [0, 0], [1, 1])), 2));
    }

    private static void TransposedRows(GraphBuilder g, int rows, int channels, int f, int t, int start, int length)
    {
        Value x = g.Input("x", new Shape(channels, f, t)), skip = g.Input("skip", new Shape(rows, length, t));
        g.Output("y", g.Add("sum", g.Gelu(g.ConvTranspose("conv_tr", x, rows, 8, 4, start, length)), skip));
    }

    private static void TransposedTime(GraphBuilder g, int rows, int channels, int samples, int start, int length) =>
        g.Output("y", g.ConvTranspose("conv_tr", g.Input("x", new Shape(channels, samples)), rows, 8, 4, start, length));

    private static void Attention(GraphBuilder g, int channels, int heads, int queries, int keys)
    {
        Value x = g.Input("x", new Shape(channels, queries)), y = queries == keys ? x : g.Input("y", new Shape(channels, keys));
        g.Output("z", g.MultiheadAttention("attention", x, y, heads));
    }

    private static void LayerNorm(GraphBuilder g, int channels, int f, int t)
    {
        Value x = g.LayerNorm("norm", g.Input("x", new Shape(channels, f, t)));
        x = g.AddTable("time", x, Positions("time", channels, 1, t));
        g.Output("y", g.AddTable("frequency", x, Positions("frequency", channels, f, 1)));
    }

    private static void GroupNorm(GraphBuilder g, int channels, int groups, int f, int t, bool byRow) =>
        g.Output("y", g.Glu(g.GroupNorm("norm", g.Input("x", new Shape(channels, f, t)), groups, byRow)));

    private static void NormCropSum(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(8, 40, 19)), skip = g.Input("skip", new Shape(8, 30, 19));
        g.Output("y", g.Add("sum", g.Gelu(g.Crop(g.GroupNorm("norm", x, 2), 4, 30)), skip));
    }

    private static void Standardised(GraphBuilder g)
    {
        (Value x, Value mean, Value std) = g.Standardize("standardize", g.Input("x", new Shape(2, 5000)));
        g.Output("y", g.Restore("restore", g.ConvTranspose("conv_tr", x, 3, 8, 4, 2, 19_990), mean, std));
    }

    private static void Maps(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(6, 11, 29));
        Value a = g.Gelu(x), b = g.Relu(x), c = g.ChannelScale("scale", g.Add("sum", a, b));
        Value d = g.Crop(g.AddTable("table", c, Positions("table", 6, 11, 1)), 3, 5);
        g.Output("d", g.Pad(d, 40));
        g.Output("e", g.FrequencyEmbedding("embedding", g.Glu(c), 3));
    }

    private static void Rotary(GraphBuilder g, int channels, int heads, int width, int rows, int frames, SequenceAxis axis)
    {
        Value x = g.Input("x", new Shape(channels, rows, frames));
        g.Output("y", g.RotaryAttention(g.RmsNorm("norm", x), heads, width, axis));
    }

    // As the layers of a transformer follow each other, with a sum over both and a value that is kept.
    private static void RotaryBoth(GraphBuilder g)
    {
        Value x = g.RmsNorm("in", g.Linear("first", g.Input("x", new Shape(6, 9, 21)), 16)), skip = x;
        foreach ((string name, SequenceAxis axis) in new[] { ("time", SequenceAxis.Last), ("rows", SequenceAxis.Rows) })
        {
            using (g.Scope(name))
            {
                x = g.Add("residual1", x, g.RotaryAttention(g.RmsNorm("norm", x), 2, 8, axis));
                x = g.Add("residual2", x, g.Linear("4", g.Gelu(g.Linear("1", g.RmsNorm("0", x), 64)), 16));
                g.Output(name, x);
            }
        }

        g.Output("z", g.RmsNorm("norm", g.Add("skip", x, skip)));
    }

    // What asks where positions are: convolutions, tables and norms of rows behind attention along rows.
    private static void RotaryAmongOthers(GraphBuilder g)
    {
        Value x = g.Input("x", new Shape(16, 7, 20));
        Value y = g.RotaryAttention(g.RmsNorm("norm", x), 1, 16, SequenceAxis.Rows);
        Value z = g.Gelu(g.Add("sum", g.ChannelScale("scale", y), x));
        g.Output("a", g.Conv("conv", z, 8, [3, 3], [1, 1], [1, 1], [1, 1]));
        g.Output("b", g.AddTable("table", g.Tanh(y), Positions("table", 16, 7, 1)));
        g.Output("c", g.GroupNorm("group", y, 2, perRow: true));
        g.Output("d", g.Linear("linear", g.LayerNorm("layer", g.Crop(y, 2, 3)), 5));
    }

    private static void Bands(GraphBuilder g, int channels, int width, int frames, int stems, int layers, ImmutableArray<BandOp> bands)
    {
        Value x = g.Input("x", new Shape(channels, bands[^1].Start + bands[^1].Length, frames));
        Value[] tokens = [.. bands.Select((band, k) => g.Linear($"linear{k}", g.RmsNorm($"norm{k}", g.Band($"band{k}", x, band)), width))];
        Value norm = g.RmsNorm("norm", g.Stack("bands", tokens));
        Value[] rows = [.. bands.Select((_, k) => g.Row("row", norm, k))];
        List<Value> parts = [];
        for (int i = 0; i < stems * bands.Length; i++)
        {
            Value part = rows[i % bands.Length];
            for (int layer = 0; layer < layers - 1; layer++)
            {
                part = g.Tanh(g.Linear($"mask{i}.{layer}", part, 33));
            }

            parts.Add(g.Glu(g.Linear($"mask{i}", part, 2 * channels * bands[i % bands.Length].Length)));
        }

        g.Output("y", g.ComplexMask("masked", g.JoinBands("mask", [.. parts], bands, channels), x, zeroFirst: stems == 1));
    }

    private static void DConv(GraphBuilder g, Shape shape, int hidden, int dilation)
    {
        Value x = g.Input("x", shape);
        bool byRow = shape.Rank == 3;
        Value y = g.Conv("0", x, hidden, [3], [1], [dilation], [dilation]);
        y = g.Gelu(g.GroupNorm("1", y, 1, byRow));
        y = g.Conv("3", y, 2 * shape.Channels, [1], [1], [0], [1]);
        y = g.Glu(g.GroupNorm("4", y, 1, byRow));
        g.Output("y", g.Add("residual", x, g.ChannelScale("6", y)));
    }

    private static Table Positions(string name, int channels, int rows, int columns) =>
        new(name, new Shape(channels, rows, columns), [.. Enumerable.Range(0, channels * rows * columns).Select(i => Math.Sin(0.7 * i))]);
}
