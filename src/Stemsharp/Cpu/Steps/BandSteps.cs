using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>A band's way into tokens.</summary>
/// <param name="Band">Its bins.</param>
/// <param name="Norm">The factors of its norm.</param>
/// <param name="Weights">Its linear layer.</param>
internal sealed record BandInput(BandOp Band, NormWeights Norm, PackedWeights Weights);

/// <summary>
/// A spectrogram [C, F, T] into tokens [D, K, T]: each band's bins as channels, a norm, a linear layer of its own. A task is some blocks
/// of frames of one band.
/// </summary>
internal sealed unsafe class BandSplitStep<TIsa, V>(string name, string description, IReadOnlyList<BandInput> bands, Tensor source, Tensor target) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Shared = 4;

    private readonly Columns _columns = new(bands.Count, source.Shape.Last);
    private readonly int _frames = source.Shape.Last, _channels = source.Channels, _most = bands.Max(b => b.Weights.K);
    private readonly int _groups = (Tile.Panels(source.Shape.Last) + Shared - 1) / Shared;

    public override IEnumerable<PackedWeights> Weights => bands.Select(b => b.Weights);

    public override long ScratchFloats => Product<TIsa, V>.RoomFloats + Shared * ((long)Tile.Size + (long)_most * Tile.Columns);

    public override long ExecutedFlops => 2L * _columns.BlocksPerRow * Tile.Size * bands.Sum(b => (long)b.Weights.Strips * b.Weights.K);

    public override int Tasks(int phase, int workers) => bands.Count * _groups;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (int index, int group) = Math.DivRem(task, _groups);
        BandInput own = bands[index];
        int first = group * Shared, count = Math.Min(Shared, _columns.BlocksPerRow - first), k = own.Weights.K;
        float* room = w.Scratch, tiles = room + Product<TIsa, V>.RoomFloats, panels = tiles + Shared * Tile.Size;
        PanelRows rows = new(k, _channels, _frames, source.Stride);
        for (int p = 0; p < count; p++)
        {
            float* from = w.At(source) + (long)own.Band.Start * _frames + (first + p) * Tile.Columns;
            Panel<TIsa, V>.RmsNorm(from, rows, Tile.Stretch, 2 * Tile.Stretch, own.Norm.Weight, panels + p * k * Tile.Columns);
        }

        StoreEpilogue<TIsa, V, Identity<TIsa, V>> epilogue = new(own.Weights, target, _columns);
        for (int strip = 0; strip < own.Weights.Strips; strip++)
        {
            Product<TIsa, V>.Run(own.Weights, strip, 1, 0, k, panels, k * Tile.Columns, count, tiles, Tile.Size, room);
            for (int p = 0; p < count; p++)
            {
                epilogue.Store(w, index * _columns.BlocksPerRow + first + p, strip, tiles + p * Tile.Size);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (BandInput band in bands)
            {
                band.Norm.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}

/// <summary>A band's way from tokens to its part of a mask.</summary>
/// <param name="Band">Its bins.</param>
/// <param name="Layers">Its linear layers; the last one's rows in the order of <see cref="GluEpilogue{TIsa, V}.RowOrder"/>.</param>
internal sealed record BandOutput(BandOp Band, IReadOnlyList<PackedWeights> Layers);

/// <summary>
/// Tokens [D, K, T] into one stem's spectrogram: linear layers with tanh between them and a gate behind, each band its own; then the
/// mask, the mean where bands overlap, times the mix's spectrogram. A task of the first phase is two blocks of frames of one band, of
/// the second some bins.
/// </summary>
internal sealed unsafe class BandMaskStep<TIsa, V> : Step
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Shared = 2, BinsPerTask = 8;

    private readonly IReadOnlyList<BandOutput> _bands;
    private readonly NormWeights? _norm;
    private readonly Tensor _source, _masks, _mix, _target;
    private readonly int _first, _frames, _channels, _groups, _hidden;
    private readonly bool _zeroFirst;
    private readonly int[] _offsets;
    private readonly int[][] _rows;

    /// <param name="name">The step's name.</param>
    /// <param name="description">What is fused into it.</param>
    /// <param name="bands">The bands.</param>
    /// <param name="norm">A norm in front of all of them; null for none.</param>
    /// <param name="source">[D, K, T].</param>
    /// <param name="masks">Room for the bands' parts of the mask, one under the other.</param>
    /// <param name="mix">[C, F, T].</param>
    /// <param name="target">All stems, [stems·C, F, T].</param>
    /// <param name="stem">Which of them.</param>
    /// <param name="zeroFirst">Whether bin 0 of the result is zero.</param>
    public BandMaskStep(
        string name, string description, IReadOnlyList<BandOutput> bands, NormWeights? norm, Tensor source, Tensor masks, Tensor mix, Tensor target, int stem, bool zeroFirst)
        : base(name, description)
    {
        (_bands, _norm, _source, _masks, _mix, _target, _zeroFirst) = (bands, norm, source, masks, mix, target, zeroFirst);
        _channels = mix.Channels;
        _first = stem * _channels;
        _frames = mix.Shape.Last;
        _groups = (Tile.Panels(_frames) + Shared - 1) / Shared;
        _hidden = bands.Max(b => b.Layers.Count > 1 ? b.Layers[0].Strips : 0) * Tile.Rows;
        _offsets = new int[bands.Count];
        List<int>[] rows = [.. Enumerable.Range(0, mix.Shape.Rows).Select(_ => new List<int>())];
        int offset = 0;
        for (int k = 0; k < bands.Count; k++)
        {
            _offsets[k] = offset;
            for (int i = 0; i < bands[k].Band.Length; i++, offset += _channels)
            {
                rows[bands[k].Band.Start + i].Add(offset);
            }
        }

        _rows = [.. rows.Select(r => r.ToArray())];
    }

    public override IEnumerable<PackedWeights> Weights => _bands.SelectMany(b => b.Layers);

    public override int Phases => 2;

    public override long ScratchFloats => Product<TIsa, V>.RoomFloats + Shared * ((long)Tile.Size + InputFloats + 2 * HiddenFloats);

    public override long ExecutedFlops => 2L * Tile.Panels(_frames) * Tile.Size * Weights.Sum(w => (long)w.Strips * w.K);

    private nint InputFloats => (nint)_source.Channels * Tile.Columns;

    private nint HiddenFloats => (nint)_hidden * Tile.Columns;

    public override int Tasks(int phase, int workers) => phase == 0 ? _bands.Count * _groups : (_rows.Length + BinsPerTask - 1) / BinsPerTask;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        if (phase == 0)
        {
            // The widest bands, which are the last ones, first.
            Estimate(w, _bands.Count - 1 - task / _groups, task % _groups * Shared);
            return;
        }

        for (int bin = task * BinsPerTask, end = Math.Min(bin + BinsPerTask, _rows.Length); bin < end; bin++)
        {
            for (int pair = 0; pair < _channels; pair += 2)
            {
                Apply(w, bin, pair);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _norm?.Dispose();
        }

        base.Dispose(disposing);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Estimate(in Workspace w, int k, int block)
    {
        int count = Math.Min(Shared, Tile.Panels(_frames) - block);
        float* room = w.Scratch, tiles = room + Product<TIsa, V>.RoomFloats, input = tiles + Shared * Tile.Size, hidden = input + Shared * InputFloats;
        for (int p = 0; p < count; p++)
        {
            float* from = w.At(_source) + (long)k * _frames + (block + p) * Tile.Columns, panel = input + p * InputFloats;
            if (_norm is null)
            {
                Panel<TIsa, V>.Copy(from, _source.Stride, _source.Channels, panel);
            }
            else
            {
                Panel<TIsa, V>.RmsNorm(from, new PanelRows(_source.Channels, _source.Stride), Tile.Stretch, 2 * Tile.Stretch, _norm.Weight, panel);
            }
        }

        float* x = input;
        nint stride = InputFloats;
        IReadOnlyList<PackedWeights> layers = _bands[k].Layers;
        for (int layer = 0; layer < layers.Count - 1; layer++)
        {
            float* result = hidden + layer % 2 * Shared * HiddenFloats;
            for (int strip = 0; strip < layers[layer].Strips; strip++)
            {
                float* rows = result + strip * Tile.Size;
                Product<TIsa, V>.Run(layers[layer], strip, 1, 0, layers[layer].K, x, stride, count, rows, HiddenFloats, room);
                for (int p = 0; p < count; p++)
                {
                    Activate(layers[layer].Bias + strip * Tile.Rows, rows + p * HiddenFloats);
                }
            }

            x = result;
            stride = HiddenFloats;
        }

        PackedWeights last = layers[^1];
        GluEpilogue<TIsa, V> epilogue = new(last, _masks, new Columns(1, _frames), null, _offsets[k], _bands[k].Band.Length * _channels);
        for (int strip = 0; strip < last.Strips; strip++)
        {
            Product<TIsa, V>.Run(last, strip, 1, 0, last.K, x, stride, count, tiles, Tile.Size, room);
            for (int p = 0; p < count; p++)
            {
                epilogue.Store(w, block + p, strip, tiles + p * Tile.Size);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activate(float* bias, float* rows)
    {
        for (int r = 0; r < Tile.Rows; r++, rows += Tile.Columns)
        {
            V b = TIsa.Broadcast(bias[r]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(rows + i, VectorMath<TIsa, V>.Tanh(TIsa.Add(TIsa.Load(rows + i), b)));
            }
        }
    }

    // One bin of one audio channel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(in Workspace w, int bin, int pair)
    {
        float* re = w.At(_target, _first + pair) + (long)bin * _frames, im = w.At(_target, _first + pair + 1) + (long)bin * _frames;
        if (_zeroFirst && bin == 0)
        {
            new Span<float>(re, _frames).Clear();
            new Span<float>(im, _frames).Clear();
            return;
        }

        float* x = w.At(_mix, pair) + (long)bin * _frames, y = w.At(_mix, pair + 1) + (long)bin * _frames;
        int[] rows = _rows[bin];
        int t = 0;
        for (; t + TIsa.Lanes <= _frames; t += TIsa.Lanes)
        {
            V share = TIsa.Broadcast(1f / rows.Length), a = TIsa.Broadcast(0f), b = a;
            foreach (int row in rows)
            {
                a = TIsa.Add(a, TIsa.Load(w.At(_masks, row + pair) + t));
                b = TIsa.Add(b, TIsa.Load(w.At(_masks, row + pair + 1) + t));
            }

            (a, b) = (TIsa.Multiply(a, share), TIsa.Multiply(b, share));
            V c = TIsa.Load(x + t), d = TIsa.Load(y + t);
            TIsa.Store(re + t, TIsa.NegateMultiplyAdd(b, d, TIsa.Multiply(a, c)));
            TIsa.Store(im + t, TIsa.MultiplyAdd(a, d, TIsa.Multiply(b, c)));
        }

        for (; t < _frames; t++)
        {
            float a = 0, b = 0;
            foreach (int row in rows)
            {
                a += w.At(_masks, row + pair)[t];
                b += w.At(_masks, row + pair + 1)[t];
            }

            (a, b) = (a / rows.Length, b / rows.Length);
            re[t] = a * x[t] - b * y[t];
            im[t] = a * y[t] + b * x[t];
        }
    }
}
