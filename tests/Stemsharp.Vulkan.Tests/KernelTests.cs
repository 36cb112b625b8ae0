using Stemsharp.Graph;
using Stemsharp.Vulkan.Planning;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Every kernel against the interpreter, at sizes around its tiles.</summary>
public class KernelTests(ITestOutputHelper output)
{
    [VulkanTheory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(48, 16, 255)]
    [InlineData(97, 33, 257)]
    [InlineData(130, 64, 129)]
    public void Linear_layers(int rows, int terms, int columns) =>
        Same(g => g.Output("y", g.Linear("linear", g.Input("x", new Shape(terms, columns)), rows)));

    [VulkanTheory]
    [InlineData(5, 4, 20, 13, 8, 4, 2)]
    [InlineData(48, 3, 33, 12, 3, 1, 1)]
    public void Convolutions_along_rows(int rows, int channels, int f, int t, int kernel, int stride, int padding) =>
        Same(g => g.Output("y", g.Gelu(g.Conv("conv", g.Input("x", new Shape(channels, f, t)), rows, [kernel, kernel == 3 ? 3 : 1], [stride, 1], [padding, kernel == 3 ? 1 : 0], [1, 1]))));

    [VulkanTheory]
    [InlineData(6, 4, 301, 8, 4, 2, 1)]
    [InlineData(16, 5, 259, 3, 1, 2, 2)]
    public void Convolutions_along_time(int rows, int channels, int length, int kernel, int stride, int padding, int dilation) =>
        Same(g =>
        {
            Value x = g.Input("x", new Shape(channels, length));
            if (stride > 1)
            {
                x = g.Pad(x, (length + stride - 1) / stride * stride);
            }

            g.Output("y", g.Relu(g.Conv("conv", x, rows, [kernel], [stride], [padding], [dilation])));
        });

    [VulkanTheory]
    [InlineData(10, 6, 300)]
    [InlineData(96, 48, 200)]
    public void A_gated_convolution_with_an_embedding(int rows, int channels, int t) =>
        Same(g =>
        {
            Value x = g.Input("x", new Shape(channels, 3, t));
            g.Output("y", g.FrequencyEmbedding("embedding", g.Glu(g.Conv("conv", x, rows, [1, 1], [1, 1], [0, 0], [1, 1])), 2));
        });

    [VulkanTheory]
    [InlineData(3, 5, 9, 14, 2, 34)]
    [InlineData(8, 16, 4, 260, 0, 20)]
    public void Transposed_convolutions_along_rows(int rows, int channels, int f, int t, int start, int length) =>
        Same(g =>
        {
            Value x = g.Input("x", new Shape(channels, f, t)), skip = g.Input("skip", new Shape(rows, length, t));
            g.Output("y", g.Add("sum", g.Gelu(g.ConvTranspose("conv_tr", x, rows, 8, 4, start, length)), skip));
        });

    [VulkanTheory]
    [InlineData(3, 5, 90, 2, 357)]
    [InlineData(8, 16, 260, 0, 1044)]
    public void Transposed_convolutions_along_time(int rows, int channels, int samples, int start, int length) =>
        Same(g => g.Output("y", g.ConvTranspose("conv_tr", g.Input("x", new Shape(channels, samples)), rows, 8, 4, start, length)));

    [VulkanTheory]
    [InlineData(16, 2, 5, 37, 1)]
    [InlineData(48, 6, 3, 130, 2)]
    [InlineData(96, 24, 2, 140, 2)]
    public void DConv_by_row(int channels, int hidden, int f, int t, int dilation) => Same(g => RecordDConv(g, new Shape(channels, f, t), hidden, dilation));

    [VulkanTheory]
    [InlineData(16, 2, 533, 1)]
    [InlineData(48, 6, 1030, 2)]
    public void DConv_over_everything(int channels, int hidden, int length, int dilation) => Same(g => RecordDConv(g, new Shape(channels, length), hidden, dilation));

    [VulkanTheory]
    [InlineData(16, 4, 63, 63)]
    [InlineData(64, 1, 130, 97)]
    [InlineData(96, 2, 33, 200)]
    public void Attention(int channels, int heads, int queries, int keys) =>
        Same(g =>
        {
            Value x = g.Input("x", new Shape(channels, queries)), y = queries == keys ? x : g.Input("y", new Shape(channels, keys));
            g.Output("z", g.MultiheadAttention("attention", x, y, heads));
        });

    [VulkanTheory]
    [InlineData(20, 5, 9)]
    [InlineData(64, 7, 33)]
    public void Layer_norm_with_tables(int channels, int f, int t) =>
        Same(g =>
        {
            Value x = g.LayerNorm("norm", g.Input("x", new Shape(channels, f, t)));
            x = g.AddTable("time", x, Positions("time", channels, 1, t));
            g.Output("y", g.AddTable("frequency", x, Positions("frequency", channels, f, 1)));
        });

    [VulkanTheory]
    [InlineData(12, 4, 7, 31, false)]
    [InlineData(12, 1, 7, 31, true)]
    [InlineData(8, 1, 64, 100, false)]
    public void Group_norm(int channels, int groups, int f, int t, bool byRow) =>
        Same(g => g.Output("y", g.Glu(g.GroupNorm("norm", g.Input("x", new Shape(channels, f, t)), groups, byRow))));

    [VulkanFact]
    public void Standardised_and_restored() =>
        Same(g =>
        {
            (Value x, Value mean, Value std) = g.Standardize("standardize", g.Input("x", new Shape(2, 5000)));
            g.Output("y", g.Restore("restore", g.ConvTranspose("conv_tr", x, 3, 8, 4, 2, 19_990), mean, std));
        });

    [VulkanFact]
    public void What_found_no_product_to_live_in() =>
        Same(g =>
        {
            Value x = g.Input("x", new Shape(6, 11, 29));
            Value a = g.Gelu(x), b = g.Relu(x), c = g.ChannelScale("scale", g.Add("sum", a, b));
            Value d = g.Crop(g.AddTable("table", c, Positions("table", 6, 11, 1)), 3, 5);
            g.Output("d", g.Pad(d, 40));
            g.Output("e", g.FrequencyEmbedding("embedding", g.Glu(c), 3));
        });

    private static void RecordDConv(GraphBuilder g, Shape shape, int hidden, int dilation)
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

    private void Same(Action<GraphBuilder> record)
    {
        double single = GraphRun.Compare(record, pieces: 2), mixed = GraphRun.Compare(record, GpuPrecision.Mixed, pieces: 2);
        double matrices = TestDevice.CanEmulate ? GraphRun.Compare(record, GpuPrecision.Mixed, pieces: 2, TestDevice.Emulated) : mixed;
        output.WriteLine($"{single:F1} dB, mixed {mixed:F1} dB, matrices {matrices:F1} dB");
        Assert.True(single > 120 && mixed > 55 && matrices > 55, $"{single:F1} dB, mixed {mixed:F1} dB, matrices {matrices:F1} dB");
    }
}
