using Stemsharp.Signal;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// The transform of any definition. Frames are rows of one hop, and as many of the rows after it as a window reaches over, side by
/// side. A frame of n_fft = a·b samples, n = b·n1 + n2, and its bins, k = k1 + a·k2, make a two-stage DFT:
///   X[k1 + a·k2] = Σ_n2 e^(−2πi·n2·k2/b) · (Σ_n1 w[n]·x[n]·e^(−2πi·k1·n/n_fft)).
/// The inner sum, with the window and the twiddle factors in its weights, is a product for each n2; the outer one is a product with
/// the same matrix for each k1. No sum is longer than 2·b terms, which is what keeps single precision exact enough. The inverse is
/// the transpose of both stages, and frames are added where they overlap, row by row.
/// </summary>
internal sealed class DefinedLowering : TransformLowering
{
    private readonly OnnxGraph _graph;
    private readonly TransformDefinition _definition;

    // n_fft = inner · outer; only the first bins / inner rows of the outer sum are wanted.
    private readonly int _nfft, _hop, _inner, _outer, _kept, _samples, _frames, _reach;

    public DefinedLowering(OnnxGraph graph, TransformDefinition definition, int samples)
    {
        (_graph, _definition, _samples) = (graph, definition, samples);
        (_nfft, _hop, _frames) = (definition.Nfft, definition.Hop, definition.Frames(samples));
        _inner = Factor(_nfft);
        _outer = _nfft / _inner;
        _kept = (definition.Bins - 1) / _inner + 1;
        _reach = (_nfft - 1) / _hop + 1;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor mix)
    {
        int batch = mix.Dims[0], audio = mix.Dims[1], signals = batch * audio, rows = _frames + _reach - 1;
        Tensor framed = Framed(_graph.Reshape($"{Scope}/hops", Lengthened(mix), signals, rows, _hop));
        Tensor points = _graph.Reshape($"{Scope}/points", framed, signals, _frames, _inner, _outer);
        Tensor turned = _graph.Transpose($"{Scope}/turned", points, 0, 3, 2, 1);
        Tensor inner = _graph.MatMul($"{Scope}/inner", _graph.Constant(ElementType.Float, [_outer, 2 * _inner, _inner], Inner(transposed: false)), turned);
        Tensor parts = _graph.Reshape($"{Scope}/parts", inner, signals, _outer, 2, _inner, _frames);
        Tensor folded = _graph.Reshape($"{Scope}/folded", _graph.Transpose($"{Scope}/by_bin", parts, 0, 3, 2, 1, 4), signals, _inner, 2 * _outer, _frames);
        Tensor outer = _graph.MatMul($"{Scope}/outer", _graph.Constant(ElementType.Float, [2 * _kept, 2 * _outer], Outer(transposed: false)), folded);
        Tensor bins = _graph.Transpose($"{Scope}/bins", _graph.Reshape($"{Scope}/by_part", outer, signals, _inner, 2, _kept, _frames), 0, 2, 3, 1, 4);
        Tensor all = _graph.Reshape($"{Scope}/all_bins", bins, signals, 2, _kept * _inner, _frames);
        return _graph.Reshape($"{Scope}/spectrogram", _graph.Slice($"{Scope}/kept_bins", all, 2, 0, _definition.Bins), batch, 2 * audio, _definition.Bins, _frames);
    }

    /// <summary>2 for a bin and its mirror image, 1 for the lowest and the highest.</summary>
    public override Tensor Gains()
    {
        double[] gains = new double[_definition.Bins];
        gains.AsSpan().Fill(2);
        gains[0] = 1;
        if (gains.Length == _nfft / 2 + 1)
        {
            gains[^1] = 1;
        }

        return _graph.Constant(ElementType.Float, [gains.Length, 1], gains);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Tensor spectrograms)
    {
        int batch = spectrograms.Dims[0], stems = spectrograms.Dims[1], audio = spectrograms.Dims[2] / 2, signals = batch * stems * audio;
        Tensor kept = _graph.Reshape($"i{Scope}/kept_bins", spectrograms, signals, 2, _definition.Bins, _frames);
        Tensor all = _graph.Pad($"i{Scope}/all_bins", kept, 0, _kept * _inner - _definition.Bins, "constant", axis: 2);
        Tensor bins = _graph.Reshape($"i{Scope}/bins", all, signals, 2, _kept, _inner, _frames);
        Tensor folded = _graph.Reshape($"i{Scope}/folded", _graph.Transpose($"i{Scope}/by_bin", bins, 0, 3, 1, 2, 4), signals, _inner, 2 * _kept, _frames);
        Tensor outer = _graph.MatMul($"i{Scope}/outer", _graph.Constant(ElementType.Float, [2 * _outer, 2 * _kept], Outer(transposed: true)), folded);
        Tensor parts = _graph.Transpose($"i{Scope}/parts", _graph.Reshape($"i{Scope}/by_part", outer, signals, _inner, 2, _outer, _frames), 0, 3, 2, 1, 4);
        Tensor points = _graph.Reshape($"i{Scope}/points", parts, signals, _outer, 2 * _inner, _frames);
        Tensor inner = _graph.MatMul($"i{Scope}/inner", _graph.Constant(ElementType.Float, [_outer, _inner, 2 * _inner], Inner(transposed: true)), points);
        Tensor framed = _graph.Reshape($"i{Scope}/framed", _graph.Transpose($"i{Scope}/turned", inner, 0, 3, 2, 1), signals, _frames, _nfft);
        return _graph.Reshape($"i{Scope}/waveforms", Weighted(Overlapped(framed, signals), signals), batch, stems, audio, _samples);
    }

    /// <summary>The factor a of n_fft that is nearest below its square root: 32 of 2048.</summary>
    private static int Factor(int nfft)
    {
        int factor = (int)Math.Sqrt(nfft);
        while (nfft % factor != 0)
        {
            factor--;
        }

        return factor;
    }

    // As torch.stft sees it: lengthened, then mirrored by half a frame, from the first kept frame on, to whole rows.
    private Tensor Lengthened(Tensor mix)
    {
        int padded = _definition.PaddedSamples(_samples), end = padded - _definition.PadStart - _samples;
        bool mirrors = _definition.PadMode == PaddingMode.Reflect;
        if (Math.Max(_nfft / 2, mirrors ? Math.Max(_definition.PadStart, end) : 0) is var reach && reach >= _samples)
        {
            throw new ModelException($"A waveform graph needs segments of more than {reach} samples; this one has {_samples}.");
        }

        Tensor signal = _graph.Pad($"{Scope}/lengthened", mix, _definition.PadStart, end, mirrors ? "reflect" : "constant");
        signal = _graph.Pad($"{Scope}/centred", signal, _nfft / 2, _nfft / 2, "reflect");
        int start = _definition.DroppedFrames * _hop, wanted = (_frames + _reach - 1) * _hop, there = Math.Min(signal.Dims[^1] - start, wanted);
        return _graph.Pad($"{Scope}/rows", _graph.Slice($"{Scope}/from_first", signal, 2, start, there), 0, wanted - there, "constant");
    }

    // Rows [signals, T + reach − 1, hop] → frames [signals, T, n_fft].
    private Tensor Framed(Tensor rows)
    {
        Tensor[] parts = [.. Enumerable.Range(0, _reach).Select(i => _graph.Slice($"{Scope}/hops.{i}", rows, 1, i, _frames))];
        Tensor joined = parts.Length == 1 ? parts[0] : _graph.Concat($"{Scope}/reached", parts, 2);
        return _graph.Slice($"{Scope}/frames", joined, 2, 0, _nfft);
    }

    // Frames [signals, T, n_fft] → [signals, (T + reach − 1)·hop], summed in pairs.
    private Tensor Overlapped(Tensor frames, int signals)
    {
        Tensor whole = _graph.Pad($"i{Scope}/whole", frames, 0, _reach * _hop - _nfft, "constant");
        List<Tensor> parts = [.. Enumerable.Range(0, _reach).Select(i =>
            _graph.Pad($"i{Scope}/laid.{i}", _graph.Slice($"i{Scope}/hops.{i}", whole, 2, i * _hop, _hop), i, _reach - 1 - i, "constant", axis: 1))];
        for (int step = 0; parts.Count > 1; step++)
        {
            parts = [.. parts.Chunk(2).Select((pair, i) => pair.Length == 1 ? pair[0] : _graph.Add($"i{Scope}/sum.{step}.{i}", pair[0], pair[1]))];
        }

        return _graph.Reshape($"i{Scope}/overlapped", parts[0], signals, (_frames + _reach - 1) * _hop);
    }

    // The wanted samples over the windows' envelope; zeros where the transform gives fewer than went in.
    private Tensor Weighted(Tensor overlapped, int signals)
    {
        int given = Math.Min(_definition.OutputSamples(_samples), _samples), position = _nfft / 2 + _definition.OutputStart;
        // Frames that were dropped would lie before the first row.
        int start = position - _definition.DroppedFrames * _hop, before = Math.Max(-start, 0), first = Math.Max(start, 0);
        int there = Math.Min(overlapped.Dims[1] - first, given - before);
        if (there <= 0)
        {
            throw new ModelException($"A waveform graph of {_samples} samples is not supported: no frame reaches a sample that comes back.");
        }

        Tensor wanted = _graph.Slice($"i{Scope}/wanted", overlapped, 1, first, there);
        double[] weights = new double[given];
        new OverlapWeights(_definition, Window(), _frames + 2 * _definition.DroppedFrames).CopyTo(position, weights);
        ReadOnlySpan<double> own = weights.AsSpan(before, there);
        Tensor envelope = own.ContainsAnyExcept(own[0])
            ? _graph.Constant(ElementType.Float, [1, there], own.ToArray())
            : _graph.Scalar(ElementType.Float, own[0]);
        return _graph.Pad($"i{Scope}/lengthened", _graph.Mul($"i{Scope}/weighted", wanted, envelope), before, _samples - before - there, "constant");
    }

    private double[] Window() => [.. Enumerable.Range(0, _nfft).Select(_definition.WindowAt)];

    // [n2, (re|im, k1), n1] with n = n1·b + n2; transposed [n2, n1, (re|im, k1)], conjugate and over n_fft.
    private double[] Inner(bool transposed)
    {
        double[] matrix = new double[_outer * 2 * _inner * _inner], window = Window();
        double scale = (_definition.Normalized, transposed) switch { (true, _) => 1 / Math.Sqrt(_nfft), (_, true) => 1.0 / _nfft, _ => 1 };
        for (int n2 = 0; n2 < _outer; n2++)
        {
            for (int k1 = 0; k1 < _inner; k1++)
            {
                for (int n1 = 0; n1 < _inner; n1++)
                {
                    int n = n1 * _outer + n2;
                    (double cos, double sin) = Turn(k1, n, _nfft);
                    Set(n2, k1, n1, window[n] * scale * cos);
                    Set(n2, _inner + k1, n1, window[n] * scale * sin);
                }
            }
        }

        return matrix;

        // Re(Y·e^(iφ)) = re·cos φ − im·sin φ, and Turn gives cos φ and −sin φ: the same numbers both ways.
        void Set(int n2, int row, int n1, double value) =>
            matrix[n2 * 2 * _inner * _inner + (transposed ? n1 * 2 * _inner + row : row * _inner + n1)] = value;
    }

    // [(re|im, k2), (re|im, n2)], or its transpose.
    private double[] Outer(bool transposed)
    {
        double[] matrix = new double[4 * _kept * _outer];
        for (int k2 = 0; k2 < _kept; k2++)
        {
            for (int n2 = 0; n2 < _outer; n2++)
            {
                (double cos, double sin) = Turn(k2, n2, _outer);
                Set(k2, n2, cos);
                Set(k2, _outer + n2, -sin);
                Set(_kept + k2, n2, sin);
                Set(_kept + k2, _outer + n2, cos);
            }
        }

        return matrix;

        void Set(int row, int column, double value) => matrix[transposed ? column * 2 * _kept + row : row * 2 * _outer + column] = value;
    }
}
