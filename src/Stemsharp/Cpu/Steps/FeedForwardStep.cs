using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// A transformer's feed-forward block: norm, linear, activation, linear, LayerScale, residual. The hidden
/// channels of a block of columns live in scratch memory only.
/// </summary>
internal sealed unsafe class FeedForwardStep<TIsa, V, TPacker, TActivation>(
    string name, string description, PackedWeights expand, PackedWeights contract, Columns columns, TPacker packer, ResidualEpilogue<TIsa, V> epilogue)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TPacker : struct, IPacker
    where TActivation : struct, IActivation<TIsa, V>
{
    public override long ExecutedFlops => 2L * columns.Blocks * Tile.Columns * Tile.Rows * ((long)expand.Strips * expand.K + (long)contract.Strips * contract.K);

    public override long ScratchFloats => Tile.Size + ((long)expand.K + expand.Strips * Tile.Rows) * Tile.Columns;

    public override int Tasks(int phase, int workers) => columns.Blocks;

    public override void Run(int phase, int task, in Workspace w)
    {
        float* tile = w.Scratch, panel = tile + Tile.Size, hidden = panel + (long)expand.K * Tile.Columns;
        packer.Pack(w, task, panel);
        for (int strip = 0; strip < expand.Strips; strip++)
        {
            if (task + w.Workers < columns.Blocks) packer.Prefetch(w, task + w.Workers, strip, expand.Strips);
            float* rows = hidden + (long)strip * Tile.Size;
            Product<TIsa, V>.Run(expand.Strip(strip), panel, expand.K, rows);
            for (int r = 0; r < Tile.Rows; r++, rows += Tile.Columns)
            {
                V bias = TIsa.Broadcast(expand.Bias[strip * Tile.Rows + r]);
                for (int i = 0; i < Tile.Columns; i += TIsa.Lanes) TIsa.Store(rows + i, TActivation.Apply(TIsa.Add(TIsa.Load(rows + i), bias)));
            }
        }

        for (int strip = 0; strip < contract.Strips; strip++)
        {
            Product<TIsa, V>.Run(contract.Strip(strip), hidden, contract.K, tile);
            epilogue.Store(w, task, strip, tile);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            expand.Dispose();
            contract.Dispose();
        }

        base.Dispose(disposing);
    }
}
