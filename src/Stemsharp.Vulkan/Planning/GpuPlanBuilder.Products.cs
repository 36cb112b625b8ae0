using System.Runtime.InteropServices;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Products with what follows them.</content>
internal sealed partial class GpuPlanBuilder
{
    /// <summary>Reads a product's matrix, row-major [M, K], in the graph's order of rows.</summary>
    private delegate Span<float> MatrixReader(TensorReader reader);

    /// <summary>What a product is made of, before what follows it is known.</summary>
    private sealed record Product(string Name, string Kind, int M, int K, float[] Bias, MatrixReader Matrix)
    {
        public ProductLoader Loader { get; init; }

        /// <summary>Positions of a channel of the result before it is stored: rows of a length.</summary>
        public required (int Rows, int Length) Columns { get; init; }

        public required GpuTensor Input { get; init; }

        /// <summary>Where a window's rows begin in a channel of the input, in elements.</summary>
        public int InputStart { get; init; }

        public (int Rows, int Length) InputShape { get; init; } = (1, 1);

        public (int F, int T) Strides { get; init; } = (1, 1);

        public (int F, int T) Pads { get; init; }

        /// <summary>Where the window's table lies, or the hidden norm's weights.</summary>
        public int Table { get; init; }

        public ProductEpilogue Epilogue { get; init; }

        /// <summary>Whether an operand rounded to halves would cost the network's accuracy more than others do.</summary>
        public bool IsSensitive { get; init; }

        /// <summary>Of a transposed convolution; or the positions of a field, and the channels of its result.</summary>
        public (int Stride, int Start, int Count) Transposed { get; init; } = (1, 0, 0);

        /// <summary>What the matrix is kept under, where that is not the product's name.</summary>
        public string? MatrixName { get; init; }

        /// <summary>Where the angles lie, channels of a head, and rows that are turned.</summary>
        public (int Table, int Width, int Rows) Rotary { get; init; }

        public GpuTensor? LoaderStatistics { get; init; }

        public GpuTensor? Statistics { get; init; }

        public (float[] Weight, float[] Bias)? Norm { get; init; }
    }

    /// <summary>The nodes after a product that its epilogue takes in, and what they need.</summary>
    private sealed class Tail
    {
        public List<Node> Nodes { get; } = [];

        public ProductEpilogue Epilogue { get; set; }

        public float[]? Scale { get; set; }

        public Value? Add { get; set; }

        public float[]? Table { get; set; }

        public Node? Restore { get; set; }

        public string Text { get; set; } = "";
    }

    // [GLU] [GELU | ReLU] [embedding] [LayerScale] [+ value] [restore], each where it is the only reader.
    private Tail Follow(Node node, bool transposed = false)
    {
        Tail tail = new();
        int stage = 0;
        for (Node last = node; _graph.Uses.SoleReader(last.Output) is { } next; last = next)
        {
            bool taken = next.Op switch
            {
                GluOp when stage < 1 && !transposed => Put(1, ProductEpilogue.Glu, ", glu"),
                GeluOp when stage < 1 => Put(2, ProductEpilogue.Gelu, ", gelu"),
                ReluOp when stage < 1 => Put(2, ProductEpilogue.Relu, ", relu"),
                TanhOp when stage < 1 => Put(2, ProductEpilogue.Tanh, ", tanh"),
                FrequencyEmbeddingOp when stage < 3 && !transposed => Put(3, ProductEpilogue.Table, ", embedding"),
                ChannelScaleOp when stage < 4 => Put(4, ProductEpilogue.Scale, ", scale"),
                AddOp when stage < 5 && Other(next, last) is { } other && _tensors.ContainsKey(other) => Put(5, ProductEpilogue.Add, ", add"),
                RestoreOp when stage < 5 && next.Inputs[0] == last.Output && _statistics.ContainsKey(next.Inputs[1]) => Put(6, ProductEpilogue.Restore, ", restore"),
                _ => false,
            };
            if (!taken)
            {
                break;
            }

            tail.Nodes.Add(next);
            switch (next.Op)
            {
                case FrequencyEmbeddingOp op: tail.Table = Scaled(op); break;
                case ChannelScaleOp op: tail.Scale = Read(op.Scale); break;
                case AddOp: tail.Add = Other(next, last); break;
                case RestoreOp: tail.Restore = next; break;
                default: break;
            }

            if (stage == 6)
            {
                break;
            }

            bool Put(int at, ProductEpilogue epilogue, string text)
            {
                stage = at;
                tail.Epilogue |= epilogue;
                tail.Text += text;
                return true;
            }
        }

        return tail;

        static Value? Other(Node add, Node last) => add.Inputs[0] == add.Inputs[1] ? null : add.Inputs[0] == last.Output ? add.Inputs[1] : add.Inputs[0];
    }

    // factor·weight [F, C].
    private float[] Scaled(FrequencyEmbeddingOp op)
    {
        float[] table = Read(op.Weight);
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (float)(op.Factor * table[i]);
        }

        return table;
    }

    private GpuTensor EmitProduct(Product product, Node node, Tail tail, params ReadOnlySpan<Node> before)
    {
        Node last = tail.Nodes.Count > 0 ? tail.Nodes[^1] : node;
        Node[] nodes = [.. before, node, .. tail.Nodes];
        GpuTensor? add = tail.Add == null ? null : In(tail.Add, product.Input.Layout);
        bool over = add != null && add.Root != product.Input.Root && DiesIn(tail.Add!, nodes);
        GpuTensor output = Write(last.Output, over ? add : null, product.Input);
        Emit(Step(product, tail, output, add, last.Output.Shape), nodes);
        return output;
    }

    private GpuStep Step(Product product, Tail tail, GpuTensor output, GpuTensor? add, Shape shape)
    {
        ProductEpilogue epilogue = product.Epilogue | tail.Epilogue;
        bool glu = (epilogue & ProductEpilogue.Glu) != 0;
        int mPad = Groups(product.M, ProductKernel.RowUnit) * ProductKernel.RowUnit, kPad = Groups(product.K, ProductKernel.TermUnit) * ProductKernel.TermUnit;
        int matrix = Matrix(product, glu, mPad, kPad);
        int vectors = _weights.AddFloats(Vectors(product, tail, glu, mPad));
        int columns = product.Columns.Rows * product.Columns.Length;
        GpuTensor? statistics = tail.Restore == null ? product.Statistics : _statistics[tail.Restore.Inputs[1]];
        bool moments = (epilogue & ProductEpilogue.Moments) != 0;
        bool byRow = moments && (epilogue & ProductEpilogue.ByRow) != 0;
        int types = Types(product.Input, add, output) | (UsesMatrices && product.IsSensitive ? ProductKernel.SplitType : 0);
        ProductShape wanted = new(product.M, columns, product.K, product.Input.Channels, product.Loader, epilogue, types);
        bool rotary = (epilogue & ProductEpilogue.Rotary) != 0;
        ProductTile tile = moments ? ProductKernel.MomentsTile(_traits, UsesMatrices) : ProductKernel.Choose(wanted, _traits, UsesMatrices);
        int y = byRow ? product.Columns.Rows * Groups(product.Columns.Length, tile.BN) : Groups(columns, tile.BN);
        PushValue[] push =
        [
            new PushValue(product.InputStart, product.Input), moments ? 0 : output, add, matrix, vectors, product.Table, tail.Table == null ? product.Rotary.Table : _weights.AddFloats(tail.Table),
            product.LoaderStatistics, moments ? output : statistics, product.M, product.K, columns, product.Columns.Length,
            product.Input.Pitch, output.Pitch, product.InputShape.Rows, product.InputShape.Length,
            product.Strides.F | (product.Strides.T << 16), product.Pads.F | (product.Pads.T << 16), mPad,
            rotary ? product.Rotary.Width : product.Transposed.Stride, rotary ? product.Rotary.Rows : product.Transposed.Start, product.Transposed.Count, kPad,
        ];
        string text = $"{product.Kind}{tail.Text} {Described(shape, output)}";
        GpuTensor?[] reads = [product.Input, add, product.LoaderStatistics, statistics];
        KernelKey key = ProductKernel.Key(tile, wanted, _traits, IsMixed);
        return new GpuStep(product.Name, text, key, push, Groups(product.M, tile.BM), y)
        {
            Reads = [.. reads.OfType<GpuTensor>()],
            Writes = [output],
            WeightBytes = (long)mPad * kPad * (IsMixed ? 2 : 4),
            ProductFlops = 2L * mPad * kPad * columns,
            Product = moments ? null : wanted,
        };
    }

    /// <summary>One of several products at once, and where its operand and its result begin in their tensors, in elements.</summary>
    private sealed record Group(Product Product, int Input, int Output);

    // Products of the same number of columns, each with its own matrix, at once.
    private GpuStep GroupedStep(string name, string kind, Group[] groups, ProductEpilogue epilogue, GpuTensor input, GpuTensor output, int columns)
    {
        bool glu = (epilogue & ProductEpilogue.Glu) != 0;
        List<int> table = [];
        int rows = groups.Max(g => g.Product.M), terms = groups.Max(g => g.Product.K);
        long numbers = 0;
        foreach ((Product product, int from, int to) in groups)
        {
            int mPad = Groups(product.M, ProductKernel.RowUnit) * ProductKernel.RowUnit, kPad = Groups(product.K, ProductKernel.TermUnit) * ProductKernel.TermUnit;
            table.AddRange([Matrix(product, glu, mPad, kPad), _weights.AddFloats(Vectors(product, new Tail(), glu, mPad)), from, to, product.M, product.K, mPad, kPad]);
            numbers += (long)mPad * kPad;
        }

        ProductShape wanted = new(rows, columns, terms, terms, ProductLoader.Point, epilogue | ProductEpilogue.Grouped, Types(input, null, output), groups.Length);
        ProductTile tile = ProductKernel.Choose(wanted, _traits, UsesMatrices);
        PushValue[] push =
        [
            input, output, 0, 0, 0, _weights.AddInts([.. table]), 0, 0, 0, rows, terms, columns, columns,
            input.Pitch, output.Pitch, 1, 1, 0, 0, 0, 1, 0, 0, 0,
        ];
        GpuStep step = new(name, $"{groups.Length} × {kind} {Described(output.Shape, output)}", ProductKernel.Key(tile, wanted, _traits, IsMixed), push, 0, 0)
        {
            Reads = [input],
            Writes = [output],
            WeightBytes = numbers * (IsMixed ? 2 : 4),
            ProductFlops = 2 * numbers * columns,
            Product = wanted,
        };
        step.UseTile(tile, _traits, IsMixed);
        return step;
    }

    // Row order for GLU: a channel's value, then its gate.
    private static int RowOf(int row, int rows, bool glu) => glu ? (row & 1) * (rows / 2) + (row >> 1) : row;

    // [K][M], or [M][K] for cooperative matrices, in the type of the products' weights; where it lies, in its own elements.
    private int Matrix(Product product, bool glu, int mPad, int kPad)
    {
        int m = product.M, k = product.K;
        string key = $"{product.MatrixName ?? product.Name} {m} × {k}{(glu ? ", glu" : "")}";
        (int rowStride, int termStride) = UsesMatrices ? (kPad, 1) : (1, mPad);
        if (IsMixed)
        {
            return checked((int)(_weights.Add(key, 2L * mPad * kPad, (reader, bytes) =>
            {
                Span<Half> destination = MemoryMarshal.Cast<byte, Half>(bytes);
                Span<float> matrix = product.Matrix(reader);
                destination.Clear();
                for (int row = 0; row < m; row++)
                {
                    Span<float> source = matrix.Slice(RowOf(row, m, glu) * k, k);
                    for (int term = 0; term < k; term++)
                    {
                        destination[term * termStride + row * rowStride] = (Half)source[term];
                    }
                }
            }) / 2));
        }

        return WeightStore.Floats(_weights.Add(key, 4L * mPad * kPad, (reader, bytes) =>
        {
            Span<float> destination = MemoryMarshal.Cast<byte, float>(bytes);
            Span<float> matrix = product.Matrix(reader);
            destination.Clear();
            for (int row = 0; row < m; row++)
            {
                Span<float> source = matrix.Slice(RowOf(row, m, glu) * k, k);
                for (int term = 0; term < k; term++)
                {
                    destination[term * mPad + row] = source[term];
                }
            }
        }));
    }

    // Bias, factors, norm weights, norm biases; the factors by output channel.
    private static float[] Vectors(Product product, Tail tail, bool glu, int mPad)
    {
        float[] vectors = new float[4 * mPad];
        for (int row = 0; row < product.M; row++)
        {
            int source = RowOf(row, product.M, glu);
            vectors[row] = product.Bias[source];
            if (product.Norm is { } norm)
            {
                vectors[2 * mPad + row] = norm.Weight[source];
                vectors[3 * mPad + row] = norm.Bias[source];
            }
        }

        tail.Scale?.CopyTo(vectors.AsSpan(mPad));
        return vectors;
    }

    // For each term of a window: its offset from the window's start, and its row and position there.
    private int WindowTable(GpuTensor input, int cin, int inLength, (int F, int T) kernel, (int F, int T) dilation, int k)
    {
        int[] table = new int[2 * k];
        for (int i = 0; i < k; i++)
        {
            (int tap, int c) = Math.DivRem(i, cin);
            int f = tap / kernel.T * dilation.F, t = tap % kernel.T * dilation.T;
            table[2 * i] = checked(c * input.Pitch + f * inLength + t);
            table[2 * i + 1] = checked((f << 16) | t);
        }

        return _weights.AddInts(table) / 2;
    }
}
