using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Norm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// One layer of DConv, x + scale·GLU(norm(expand·GELU(norm(dilated convolution of x)))), cut into pieces that
/// work on a block of 48 positions: both norms need sums over all blocks in between.
/// The second norm's sums follow from the hidden values: with y = W·g + b, Σy = (Σ rows of W)·Σg + nΣb and
/// Σy² = ⟨WᵀW, Σggᵀ⟩ + 2(Wᵀb)·Σg + nΣb², so that the expanded channels, sixteen times as many, are made once
/// only.
/// </summary>
internal sealed unsafe class DConvLayer<TIsa, V> : IDisposable
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Taps = 3;

    private readonly PackedWeights _convolution;
    private readonly PackedWeights _expand;
    private readonly NormWeights _norm1;
    private readonly NormWeights _norm2;
    private readonly NormWeights _scale;
    private readonly double[] _gram;
    private readonly double[] _cross;
    private readonly double[] _rowSums;
    private readonly double _biasSum;
    private readonly double _biasSquares;
    private readonly int _channels;

    /// <param name="convolution">[hidden, 3·channels], tap by tap.</param>
    /// <param name="gated">[2·channels, hidden], packed for <see cref="GluEpilogue{TIsa, V}"/>.</param>
    /// <param name="expand">The same, row-major, unpacked.</param>
    /// <param name="expandBias">[2·channels].</param>
    /// <param name="norm1">Of the hidden channels.</param>
    /// <param name="norm2">Of the expanded channels, in source order.</param>
    /// <param name="scale">LayerScale [channels].</param>
    /// <param name="dilation">Of the convolution.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DConvLayer(PackedWeights convolution, PackedWeights gated, float[] expand, float[] expandBias, NormWeights norm1, NormWeights norm2, NormWeights scale, int dilation)
    {
        Hidden = convolution.Rows;
        Dilation = dilation;
        _channels = expandBias.Length / 2;
        _convolution = convolution;
        _expand = gated;
        _norm1 = norm1;
        _norm2 = norm2;
        _scale = scale;
        _gram = new double[Hidden * Hidden];
        _cross = new double[Hidden];
        _rowSums = new double[Hidden];
        for (int o = 0; o < 2 * _channels; o++)
        {
            ReadOnlySpan<float> row = expand.AsSpan(o * Hidden, Hidden);
            double bias = expandBias[o];
            _biasSum += bias;
            _biasSquares += bias * bias;
            for (int i = 0; i < Hidden; i++)
            {
                _rowSums[i] += row[i];
                _cross[i] += bias * row[i];
                for (int j = 0; j < Hidden; j++)
                {
                    _gram[i * Hidden + j] += (double)row[i] * row[j];
                }
            }
        }
    }

    public IEnumerable<PackedWeights> Weights => [_convolution, _expand];

    public int Hidden { get; }

    public int Dilation { get; }

    /// <summary>Floats of a block's hidden values.</summary>
    public int HiddenFloats => _convolution.Strips * Tile.Size;

    /// <summary>Floats of the panel that <see cref="Convolve"/> may fill.</summary>
    public int PanelFloats => _convolution.K * Tile.Columns;

    /// <summary>Floats of scratch for <see cref="GramMoments"/>.</summary>
    public int GramFloats => (Hidden * (Hidden + 1) / 2 + Hidden) * TIsa.Lanes;

    public double HiddenCount => Hidden;

    public double ExpandedCount => 2 * _channels;

    public long ExecutedFlops(long blocks) => 2 * blocks * Tile.Columns * Tile.Rows * ((long)_convolution.Strips * _convolution.K + (long)_expand.Strips * Hidden);

    /// <summary>
    /// The dilated convolution of a block of x, with its bias; returns the moments of its valid positions. Straight
    /// from x: so few rows come of it that packing would cost a third of the time. Only where a tap reaches beyond
    /// a row's ends the packer's zeros are needed. With <paramref name="ahead"/> the block so many floats further is
    /// hinted meanwhile, a line for each term: all at once they would have to wait for each other.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Moments Convolve(in Workspace w, Tensor x, in ConvolutionPacker<TIsa, V> packer, Columns columns, int block, nint ahead, float* panel, float* hidden)
    {
        (int row, int start, int count) = columns[block];
        bool inside = start >= Dilation && start + count + Dilation <= columns.Width;
        if (!inside && ahead != 0)
        {
            Ahead.Channels(w, x, (long)row * columns.Width + start + ahead, Tile.Columns, 0, 1);
        }

        if (!inside)
        {
            packer.Pack(w, block, panel);
        }

        float* taps = inside ? w.At(x) + (long)row * columns.Width + start - Dilation : panel;
        nint tapStride = inside ? Dilation : _channels * Tile.Columns, rowStride = inside ? x.Stride : Tile.Columns;
        int chain = Tile.Chain(_channels);
        Moments moments = default;
        for (int strip = 0; strip < _convolution.Strips; strip++)
        {
            float* tile = hidden + strip * Tile.Size, weights = _convolution.Strip(strip);
            for (int tap = 0; tap < Taps; tap++)
            {
                for (int k = 0; k < _channels; k += chain)
                {
                    int terms = Math.Min(chain, _channels - k);
                    float* rows = taps + tap * tapStride + k * rowStride;
                    if (inside)
                    {
                        nint line = (1 - tap) * Dilation + tap * TIsa.Lanes + ahead;
                        MicroKernel<TIsa, V>.Run(weights, rows, terms, rowStride, tile, tap + k > 0, strip == 0 && ahead != 0 ? line * sizeof(float) : 0);
                    }
                    else
                    {
                        MicroKernel<TIsa, V>.Run(weights, rows, terms, tile, tap + k > 0);
                    }

                    weights += terms * Tile.Rows;
                }
            }

            for (int r = 0; r < Tile.Rows && strip * Tile.Rows + r < Hidden; r++, tile += Tile.Columns)
            {
                V bias = TIsa.Broadcast(_convolution.Bias[strip * Tile.Rows + r]);
                V sum = TIsa.Broadcast(0f), squares = sum;
                for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
                {
                    V y = TIsa.Add(TIsa.Load(tile + i), bias);
                    TIsa.Store(tile + i, y);
                    sum = TIsa.Add(sum, y);
                    squares = TIsa.MultiplyAdd(y, y, squares);
                }

                if (count < Tile.Columns)
                {
                    moments.Add(MomentKernels<TIsa, V>.Of(tile, count, 0));
                }
                else
                {
                    moments.Sum += TIsa.Sum(sum);
                    moments.Squares += TIsa.Sum(squares);
                }
            }
        }

        return moments;
    }

    /// <summary>Norm and GELU of a block's hidden values, in place; zeros behind the valid positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Activate(float* hidden, int count, in Moments all, double positions)
    {
        (float factor, float offset) = all.Normaliser(positions * Hidden, _norm1.Epsilon);
        for (int h = 0; h < Hidden; h++, hidden += Tile.Columns)
        {
            V slope = TIsa.Broadcast(factor * _norm1.Weight[h]), shift = TIsa.Broadcast(offset * _norm1.Weight[h] + _norm1.Bias[h]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(hidden + i, VectorMath<TIsa, V>.Gelu(TIsa.MultiplyAdd(TIsa.Load(hidden + i), slope, shift)));
            }

            if (count < Tile.Columns)
            {
                new Span<float>(hidden + count, Tile.Columns - count).Clear();
            }
        }
    }

    /// <summary>The expanded channels' moments over some blocks of activated hidden values with so many valid positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Moments GramMoments(float* hidden, int blocks, double positions, float* scratch)
    {
        new Span<float>(scratch, GramFloats).Clear();
        for (int block = 0; block < blocks; block++)
        {
            Accumulate(hidden + (long)block * HiddenFloats, scratch);
        }

        Moments moments = new() { Sum = positions * _biasSum, Squares = positions * _biasSquares };
        float* p = scratch;
        for (int i = 0; i < Hidden; i++)
        {
            double sum = TIsa.Sum(TIsa.Load(p));
            p += TIsa.Lanes;
            moments.Sum += _rowSums[i] * sum;
            moments.Squares += 2 * _cross[i] * sum;
            for (int j = 0; j <= i; j++, p += TIsa.Lanes)
            {
                moments.Squares += (i == j ? 1 : 2) * _gram[i * Hidden + j] * TIsa.Sum(TIsa.Load(p));
            }
        }

        return moments;
    }

    /// <summary>Expansion, norm, GLU, scale and residual of a block, in place on x. Hints the next block of x meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(float* hidden, int count, in Moments all, double positions, float* x, nint stride, float* tile)
    {
        const int Half = Tile.Rows / 2;
        (float factor, float offset) = all.Normaliser(positions * ExpandedCount, _norm2.Epsilon);
        for (int strip = 0; strip < _expand.Strips; strip++)
        {
            Product<TIsa, V>.Run(_expand.Strip(strip), hidden, Hidden, tile);
            float* bias = _expand.Bias + strip * Tile.Rows;
            for (int r = 0; r < Half && strip * Half + r < _channels; r++)
            {
                int channel = strip * Half + r, gate = channel + _channels;
                float slopeA = factor * _norm2.Weight[channel], slopeG = factor * _norm2.Weight[gate];
                V a1 = TIsa.Broadcast(slopeA), a0 = TIsa.Broadcast(bias[r] * slopeA + offset * _norm2.Weight[channel] + _norm2.Bias[channel]);
                V g1 = TIsa.Broadcast(slopeG), g0 = TIsa.Broadcast(bias[Half + r] * slopeG + offset * _norm2.Weight[gate] + _norm2.Bias[gate]);
                V scale = TIsa.Broadcast(_scale.Weight[channel]);
                float* p = x + channel * stride, row = tile + r * Tile.Columns;
                float* destination = count == Tile.Columns ? p : row;
                for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
                {
                    Prefetch.Near(p + Tile.Columns + i, TIsa.Lanes);
                    V linear = TIsa.MultiplyAdd(TIsa.Load(row + i), a1, a0);
                    V open = VectorMath<TIsa, V>.Sigmoid(TIsa.MultiplyAdd(TIsa.Load(row + Half * Tile.Columns + i), g1, g0));
                    TIsa.Store(destination + i, TIsa.MultiplyAdd(TIsa.Multiply(linear, open), scale, TIsa.Load(p + i)));
                }

                if (count < Tile.Columns)
                {
                    TileRow.Store(row, p, count);
                }
            }
        }
    }

    public void Dispose()
    {
        _norm1.Dispose();
        _norm2.Dispose();
        _scale.Dispose();
    }

    // Sums and products of one block, kept apart by lane: no sum crosses lanes until the end.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(float* hidden, float* p)
    {
        for (int i = 0; i < Hidden; i++)
        {
            float* a = hidden + i * Tile.Columns;
            V sum = TIsa.Load(p);
            for (int c = 0; c < Tile.Columns; c += TIsa.Lanes)
            {
                sum = TIsa.Add(sum, TIsa.Load(a + c));
            }

            TIsa.Store(p, sum);
            p += TIsa.Lanes;
            for (int j = 0; j <= i; j++, p += TIsa.Lanes)
            {
                float* b = hidden + j * Tile.Columns;
                V product = TIsa.Load(p);
                for (int c = 0; c < Tile.Columns; c += TIsa.Lanes)
                {
                    product = TIsa.MultiplyAdd(TIsa.Load(a + c), TIsa.Load(b + c), product);
                }

                TIsa.Store(p, product);
            }
        }
    }
}
