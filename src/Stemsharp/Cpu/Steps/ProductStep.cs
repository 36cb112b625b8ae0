using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Fills the panel of a block of columns: K rows of 48 floats.</summary>
internal unsafe interface IPacker
{
    void Pack(in Workspace w, int block, float* panel);

    /// <summary>Hints one of so many parts of what a block's panel is packed from.</summary>
    void Prefetch(in Workspace w, int block, int part, int parts);
}

/// <summary>Takes a finished tile (8 rows of one strip, 48 columns of one block) to where it belongs.</summary>
internal unsafe interface IEpilogue
{
    void Store(in Workspace w, int block, int strip, float* tile);

    /// <summary>Hints what <see cref="Store"/> will read and write, while the tile is still being computed.</summary>
    void Prefetch(in Workspace w, int block, int strip);
}

/// <summary>
/// weights [rows, K] times activations [K, columns]: every convolution and linear layer. The packer says what
/// a column is, the epilogue what happens to the result.
/// </summary>
internal sealed unsafe class ProductStep<TIsa, V, TPacker, TEpilogue> : Step
    where TIsa : struct, ISimd<V>
    where V : struct
    where TPacker : struct, IPacker
    where TEpilogue : struct, IEpilogue
{
    // Panels share each strip while it is in the first-level cache, where they fit the second-level one together: four
    // or two. Narrow weights are widened once for all of them.
    private const int MaxK4 = 512, MaxK2 = 1536;

    private readonly PackedWeights _weights;
    private readonly TPacker _packer;
    private readonly TEpilogue _epilogue;
    private readonly int _blocks;

    public ProductStep(string name, string description, PackedWeights weights, Columns columns, TPacker packer, TEpilogue epilogue)
        : base(name, description)
    {
        _weights = weights;
        _packer = packer;
        _epilogue = epilogue;
        _blocks = columns.Blocks;
    }

    public override long ExecutedFlops => 2L * _weights.Strips * Tile.Rows * _weights.K * _blocks * Tile.Columns;

    public override IEnumerable<PackedWeights> Weights => [_weights];

    public override long ScratchFloats => Product<TIsa, V>.RoomFloats + MostPanels * ((long)TileFloats + PanelFloats);

    private int MostPanels => _weights.K <= MaxK4 ? 4 : _weights.K <= MaxK2 ? 2 : 1;

    private int TileFloats => _weights.StripsAtOnce * Tile.Size;

    private int PanelFloats => _weights.K * Tile.Columns;

    public override int Tasks(int phase, int workers) => Cut(workers).Tasks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        TaskCut cut = Cut(w.Workers);
        (int block, int count, int strip, int end) = cut[task];
        int next = block + w.Workers * cut.Blocks;
        float* room = w.Scratch, tiles = room + Product<TIsa, V>.RoomFloats, panel = tiles + cut.Blocks * TileFloats;
        for (int p = 0; p < count; p++)
        {
            _packer.Pack(w, block + p, panel + p * PanelFloats);
            Product<TIsa, V>.Prepare(_weights, panel + p * PanelFloats, _weights.K);
        }

        for (; strip < end; strip += _weights.StripsAtOnce)
        {
            int some = Math.Min(_weights.StripsAtOnce, end - strip);
            for (int p = 0; cut.Groups == 1 && p < count && next + p < _blocks; p++)
            {
                for (int i = strip; i < strip + some; i++)
                {
                    _packer.Prefetch(w, next + p, i, _weights.Strips);
                }
            }

            for (int p = 0; p < count; p++)
            {
                for (int i = strip; i < strip + some; i++)
                {
                    _epilogue.Prefetch(w, block + p, i);
                }
            }

            Product<TIsa, V>.Run(_weights, strip, some, 0, _weights.K, panel, PanelFloats, count, tiles, TileFloats, room);
            for (int p = 0; p < count; p++)
            {
                for (int i = 0; i < some; i++)
                {
                    _epilogue.Store(w, block + p, strip + i, tiles + p * TileFloats + i * Tile.Size);
                }
            }
        }
    }

    private TaskCut Cut(int workers) => new(_blocks, MostPanels, _weights.Strips, _weights.StripsAtOnce, workers);
}
