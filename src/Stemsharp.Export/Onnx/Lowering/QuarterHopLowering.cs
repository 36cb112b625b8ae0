namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// A transform whose frames are four hops long, and whose envelope is one number. A frame of n_fft = a·b samples, n = b·n1 + n2,
/// and its bins, k = k1 + a·k2, make a two-stage DFT:
///   X[k1 + a·k2] = Σ_n2 e^(−2πi·n2·k2/b) · (Σ_n1 w[n]·x[n]·e^(−2πi·k1·n/n_fft)).
/// The inner sum, with the window, the twiddle factors and the framing (a frame is four hops) in its weights,
/// is one grouped convolution over hops, a group for each n2; the outer sum is one product with a [b, 2b]
/// matrix. For 4096 that is 64×64 and 1/16 of the arithmetic of a convolution with 4096 taps, whose long sums
/// also cost accuracy. The layouts are such that the spectrogram comes out, and goes in, as the network has
/// it. The inverse is the transpose of both stages: the same matrix, and the transpose of the convolution, which
/// overlap-adds by itself.
/// </summary>
internal sealed class QuarterHopLowering : TransformLowering
{
    private readonly OnnxGraph _graph;
    private readonly int _nfft, _hop, _inner, _outer, _samples, _frames;
    private readonly Tensor _window;
    private readonly bool _fused;

    public QuarterHopLowering(OnnxGraph graph, int nfft, int samples, int frames, bool fused)
    {
        _graph = graph;
        (_nfft, _hop, _samples, _frames) = (nfft, nfft / 4, samples, frames);
        _fused = fused;
        _outer = Factor(nfft);
        _inner = nfft / _outer;
        _window = graph.Constant(ElementType.Float, [2 * nfft, _hop / _outer, 4], Weights());
    }

    /// <summary>The factor b of n_fft: an even divisor of the hop length near √n_fft.</summary>
    public static int Factor(int nfft)
    {
        for (int b = (int)Math.Sqrt(nfft); b >= 2; b--)
        {
            if (b % 2 == 0 && nfft / 4 % b == 0)
            {
                return b;
            }
        }

        throw new ModelException($"nfft {nfft} is not supported in a waveform graph; it has to be a multiple of 8. Export a spectrogram graph instead.");
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor mix)
    {
        int batch = mix.Dims[0], audio = mix.Dims[1], hops = _frames + 3, rows = _hop / _outer;
        int left = _hop / 2 * 3, right = hops * _hop - left - _samples;
        if (right >= _samples)
        {
            throw new ModelException($"A waveform graph needs segments of more than {left + _hop} samples; this one has {_samples}.");
        }

        Tensor padded = _graph.Pad($"{Scope}/padded", mix, left, right, "reflect");
        Tensor blocks = _graph.Reshape($"{Scope}/blocks", padded, batch * audio, hops, rows, _outer);
        Tensor turned = _graph.Transpose($"{Scope}/turned", blocks, 0, 3, 2, 1);
        Tensor channels = _graph.Reshape($"{Scope}/channels", turned, batch * audio, _hop, hops);
        Tensor inner = _graph.Node(
            $"{Scope}/inner", "Conv", [channels, _window], ElementType.Float, [batch * audio, 2 * _nfft, _frames],
            Attribute.Ints("kernel_shape", 4), Attribute.Int("group", _outer));
        Tensor folded = _graph.Reshape($"{Scope}/folded", inner, batch * audio, 2 * _outer, _inner * _frames);
        Tensor outer = _graph.MatMul($"{Scope}/outer", _graph.Constant(ElementType.Float, [_outer, 2 * _outer], Outer(transposed: false)), folded);
        return _graph.Reshape($"{Scope}/spectrogram", outer, batch, 2 * audio, _nfft / 2, _frames);
    }

    /// <summary>
    /// What the bins are multiplied with before <see cref="Inverse"/>, [F, 1]: 2 for a bin and its mirror
    /// image, 1 for the lowest, over the window's envelope of 1.5.
    /// </summary>
    public override Tensor Gains()
    {
        double[] gains = new double[_nfft / 2];
        gains.AsSpan().Fill(2 / 1.5);
        gains[0] = 1 / 1.5;
        return _graph.Constant(ElementType.Float, [gains.Length, 1], gains);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Tensor spectrograms)
    {
        int batch = spectrograms.Dims[0], stems = spectrograms.Dims[1], audio = spectrograms.Dims[2] / 2;
        int signals = batch * stems * audio, hops = _frames + 3;
        Tensor folded = _graph.Reshape($"i{Scope}/folded", spectrograms, signals, _outer, _inner * _frames);
        Tensor outer = _graph.MatMul($"i{Scope}/outer", _graph.Constant(ElementType.Float, [2 * _outer, _outer], Outer(transposed: true)), folded);
        Tensor inner = _fused ? Overlapped(outer, signals, hops) : _graph.Node(
            $"i{Scope}/inner", "ConvTranspose", [_graph.Reshape($"i{Scope}/channels", outer, signals, 2 * _nfft, _frames), _window], ElementType.Float, [signals, _hop, hops],
            Attribute.Ints("kernel_shape", 4), Attribute.Int("group", _outer));
        Tensor blocks = _graph.Reshape($"i{Scope}/blocks", inner, signals, _outer, _hop / _outer, hops);
        Tensor turned = _graph.Transpose($"i{Scope}/turned", blocks, 0, 3, 2, 1);
        Tensor padded = _graph.Reshape($"i{Scope}/padded", turned, batch, stems, audio, hops * _hop);
        return _graph.Slice($"i{Scope}/waveforms", padded, 3, _hop / 2 * 3, _samples);
    }

    // The transposed convolution as a plain one: taps backwards, input and output channels of a group exchanged. As a
    // two-dimensional one onnxruntime runs it in its blocked layout. Its window is stored beside the forward one: some
    // converters and TensorRT want no kernel that is computed in the graph.
    private Tensor Overlapped(Tensor outer, int signals, int hops)
    {
        int rows = _hop / _outer, group = 2 * _inner;
        double[] forward = Weights(), backwards = new double[forward.Length];
        for (int i = 0; i < forward.Length; i++)
        {
            // [(g, k), row, tap] → [(g, row), k, 1, 3 − tap]
            int tap = i % 4, row = i / 4 % rows, k = i / 4 / rows % group, g = i / 4 / rows / group;
            backwards[((g * rows + row) * group + k) * 4 + 3 - tap] = forward[i];
        }

        Tensor channels = _graph.Reshape($"i{Scope}/channels", outer, signals, 2 * _nfft, 1, _frames);
        return _graph.Node(
            $"i{Scope}/inner", "Conv", [channels, _graph.Constant(ElementType.Float, [_hop, group, 1, 4], backwards)], ElementType.Float, [signals, _hop, 1, hops],
            Attribute.Ints("kernel_shape", 1, 4), Attribute.Ints("pads", 0, 3, 0, 3), Attribute.Int("group", _outer));
    }

    // [(n2, re|im, k1), i, j] with n = j·hop + i·b + n2.
    private double[] Weights()
    {
        int rows = _hop / _outer;
        double[] weights = new double[2 * _nfft * _hop / _outer * 4];
        for (int n2 = 0, at = 0; n2 < _outer; n2++)
        {
            for (int part = 0; part < 2; part++)
            {
                for (int k1 = 0; k1 < _inner; k1++)
                {
                    for (int i = 0; i < rows; i++)
                    {
                        for (int j = 0; j < 4; j++, at++)
                        {
                            int n = j * _hop + i * _outer + n2;
                            double window = 0.5 - 0.5 * Math.Cos(2 * Math.PI * n / _nfft);
                            double phase = 2 * Math.PI * (k1 * n % _nfft) / _nfft;
                            weights[at] = window / Math.Sqrt(_nfft) * (part == 0 ? Math.Cos(phase) : -Math.Sin(phase));
                        }
                    }
                }
            }
        }

        return weights;
    }

    // [(re|im, k2), (n2, re|im)], or its transpose.
    private double[] Outer(bool transposed)
    {
        int half = _outer / 2;
        double[] matrix = new double[2 * _outer * _outer];
        for (int k2 = 0; k2 < half; k2++)
        {
            for (int n2 = 0; n2 < _outer; n2++)
            {
                double phase = 2 * Math.PI * (n2 * k2 % _outer) / _outer;
                Set(k2, 2 * n2, Math.Cos(phase));
                Set(k2, 2 * n2 + 1, Math.Sin(phase));
                Set(half + k2, 2 * n2, -Math.Sin(phase));
                Set(half + k2, 2 * n2 + 1, Math.Cos(phase));
            }
        }

        return matrix;

        void Set(int row, int column, double value) => matrix[transposed ? column * _outer + row : row * 2 * _outer + column] = value;
    }
}
