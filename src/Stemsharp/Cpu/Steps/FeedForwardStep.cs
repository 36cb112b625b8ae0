using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// A transformer's feed-forward block: norm, linear, activation, linear, LayerScale, residual. The hidden
/// channels of two blocks of columns live in scratch memory only, a part of them at a time: made, used up and
/// overwritten while they and both products' columns fit the second-level cache.
/// </summary>
internal sealed unsafe class FeedForwardStep<TIsa, V, TPacker, TActivation>(
    string name, string description, PackedWeights expand, PackedWeights contract, Columns columns, TPacker packer, ResidualEpilogue<TIsa, V> epilogue)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TPacker : struct, IPacker
    where TActivation : struct, IActivation<TIsa, V>
{
    private const int Panels = 2;

    // Strips of hidden channels made at once (512 channels). It sets the order of additions.
    private const int Part = 64;

    private readonly int _tasks = (columns.Blocks + Panels - 1) / Panels;

    public override long ExecutedFlops => 2L * columns.Blocks * Tile.Columns * Tile.Rows * ((long)expand.Strips * expand.K + (long)contract.Strips * contract.K);

    public override IEnumerable<PackedWeights> Weights => [expand, contract];

    public override long ScratchFloats => Product<TIsa, V>.RoomFloats + Panels * (InputFloats + HiddenFloats + ResultFloats);

    private long InputFloats => (long)expand.K * Tile.Columns;

    private static long HiddenFloats => Part * Tile.Size;

    private long ResultFloats => (long)contract.Strips * Tile.Size;

    public override int Tasks(int phase, int workers) => _tasks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        int block = task * Panels, count = Math.Min(Panels, columns.Blocks - block), next = block + w.Workers * Panels;
        float* room = w.Scratch, input = room + Product<TIsa, V>.RoomFloats, hidden = input + Panels * InputFloats, result = hidden + Panels * HiddenFloats;
        for (int p = 0; p < count; p++)
        {
            packer.Pack(w, block + p, input + p * InputFloats);
            Product<TIsa, V>.Prepare(expand, input + p * InputFloats, expand.K);
        }

        for (int first = 0; first < expand.Strips; first += Part)
        {
            int strips = Math.Min(Part, expand.Strips - first), rows = Math.Min(strips * Tile.Rows, contract.K - first * Tile.Rows);
            for (int strip = 0; strip < strips; strip += expand.StripsAtOnce)
            {
                int some = Math.Min(expand.StripsAtOnce, strips - strip);
                for (int p = 0; p < count && next + p < columns.Blocks; p++)
                {
                    for (int i = strip; i < strip + some; i++)
                    {
                        packer.Prefetch(w, next + p, first + i, expand.Strips);
                    }
                }

                float* tiles = hidden + (long)strip * Tile.Size;
                Product<TIsa, V>.Run(expand, first + strip, some, 0, expand.K, input, (nint)InputFloats, count, tiles, (nint)HiddenFloats, room);
                for (int p = 0; p < count; p++)
                {
                    for (int i = 0; i < some; i++)
                    {
                        Activate(first + strip + i, tiles + p * HiddenFloats + i * Tile.Size);
                    }

                    contract.Pairs?.Round(tiles + p * HiddenFloats, some * Tile.Rows, (uint*)(hidden + p * HiddenFloats) + (long)strip * Tile.Size / 2);
                }
            }

            bool last = first + Part >= expand.Strips;
            for (int strip = 0; strip < contract.Strips; strip += contract.StripsAtOnce)
            {
                int some = Math.Min(contract.StripsAtOnce, contract.Strips - strip);
                float* tiles = result + (long)strip * Tile.Size;
                for (int p = 0; last && p < count; p++)
                {
                    for (int i = strip; i < strip + some; i++)
                    {
                        epilogue.Prefetch(w, block + p, i);
                    }
                }

                Product<TIsa, V>.Run(contract, strip, some, first * Tile.Rows, rows, hidden, (nint)HiddenFloats, count, tiles, (nint)ResultFloats, room, first > 0);
                for (int p = 0; last && p < count; p++)
                {
                    for (int i = 0; i < some; i++)
                    {
                        epilogue.Store(w, block + p, strip + i, tiles + p * ResultFloats + i * Tile.Size);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(int strip, float* rows)
    {
        for (int r = 0; r < Tile.Rows; r++, rows += Tile.Columns)
        {
            V bias = TIsa.Broadcast(expand.Bias[strip * Tile.Rows + r]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(rows + i, TActivation.Apply(TIsa.Add(TIsa.Load(rows + i), bias)));
            }
        }
    }
}
