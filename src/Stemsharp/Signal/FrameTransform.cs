using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Stemsharp.Signal;

/// <summary>Transforms neighbouring frames at once, as many as a vector has lanes.</summary>
internal abstract unsafe class FrameTransform(FrameTables tables)
{
    protected FrameTables Tables { get; } = tables;

    /// <summary>Frames in one vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>Floats of scratch memory that one caller needs.</summary>
    public int ScratchLength => FftLength + HopsLength + 4 * Tables.Hop + Lanes;

    /// <summary>The FFT's points.</summary>
    protected int FftLength => Tables.Nfft * Lanes;

    /// <summary>[H][2·lanes]: sample r of each hop that the frames touch, hops side by side.</summary>
    protected int HopsLength => Tables.Hop * 2 * Lanes;

    /// <summary>Transforms <paramref name="count"/> frames from <paramref name="frame"/> on.</summary>
    public abstract void Forward(float* waveform, int frame, int count, float* spectrogram, float* scratch);

    /// <summary>Readies the scratch memory for a run of neighbouring frames.</summary>
    public void BeginInverse(float* scratch) => new Span<float>(scratch + FftLength, HopsLength).Clear();

    /// <summary>
    /// Transforms frames back, adds the hops that are complete to the waveform and keeps the other three for the
    /// frames that follow.
    /// </summary>
    public abstract void Inverse(float* spectrogram, int frame, int count, float* waveform, float* scratch);

    /// <summary>Adds the last three hops to the waveform.</summary>
    public void EndInverse(int frame, float* waveform, float* scratch) =>
        AddHops(scratch + FftLength, 3, frame, waveform);

    /// <summary>Writes the last three hops to a seam.</summary>
    public void EndInverse(float* seam, float* scratch)
    {
        float* hops = scratch + FftLength;
        for (int hop = 0; hop < 3; hop++)
        {
            for (int r = 0; r < Tables.Hop; r++)
            {
                *seam++ = hops[r * 2 * Lanes + hop];
            }
        }
    }

    /// <summary>Lays hops side by side: hops[r][i] = sample r of hop (first + i). Hops past the padding are zero.</summary>
    protected void LoadHops(float* waveform, int first, float* hops, float* edge)
    {
        int hop = Tables.Hop, stride = 2 * Lanes;
        float** columns = stackalloc float*[4];
        for (int group = 0; group < Lanes + 3; group += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                int start = (first + group + i) * hop - Tables.Pad;
                columns[i] = start >= 0 && start + hop <= Tables.Samples
                    ? waveform + start
                    : Edge(waveform, first + group + i, edge + i * hop);
            }

            for (int r = 0; r < hop; r += 4)
            {
                Vector128<float> a = Vector128.Load(columns[0] + r), b = Vector128.Load(columns[1] + r);
                Vector128<float> c = Vector128.Load(columns[2] + r), d = Vector128.Load(columns[3] + r);
                Transpose4.Rows(ref a, ref b, ref c, ref d);
                float* row = hops + r * stride + group;
                a.Store(row);
                b.Store(row + stride);
                c.Store(row + 2 * stride);
                d.Store(row + 3 * stride);
            }
        }
    }

    /// <summary>Adds hops[r][i] to sample r of hop (first + i) for i &lt; count.</summary>
    protected void AddHops(float* hops, int count, int first, float* waveform)
    {
        int hop = Tables.Hop, stride = 2 * Lanes;
        for (int i = 0; i < count;)
        {
            int start = (first + i) * hop - Tables.Pad;
            if (i + 4 <= count && start >= 0 && start + 4 * hop <= Tables.Samples)
            {
                AddFourHops(hops + i, waveform + start);
                i += 4;
                continue;
            }

            int begin = Math.Max(0, -start), end = Math.Min(hop, Tables.Samples - start);
            for (int r = begin; r < end; r++)
            {
                waveform[start + r] += hops[r * stride + i];
            }

            i++;
        }
    }

    private void AddFourHops(float* hops, float* destination)
    {
        int hop = Tables.Hop, stride = 2 * Lanes;
        for (int r = 0; r < hop; r += 4)
        {
            float* row = hops + r * stride;
            Vector128<float> a = Vector128.Load(row), b = Vector128.Load(row + stride);
            Vector128<float> c = Vector128.Load(row + 2 * stride), d = Vector128.Load(row + 3 * stride);
            Transpose4.Rows(ref a, ref b, ref c, ref d);
            float* to = destination + r;
            (Vector128.Load(to) + a).Store(to);
            (Vector128.Load(to + hop) + b).Store(to + hop);
            (Vector128.Load(to + 2 * hop) + c).Store(to + 2 * hop);
            (Vector128.Load(to + 3 * hop) + d).Store(to + 3 * hop);
        }
    }

    private float* Edge(float* waveform, int index, float* destination)
    {
        int start = index * Tables.Hop - Tables.Pad;
        bool padded = index < Tables.Frames + 3;
        for (int r = 0; r < Tables.Hop; r++)
        {
            destination[r] = padded ? Tables.Reflected(waveform, start + r) : 0;
        }

        return destination;
    }
}

/// <inheritdoc/>
internal sealed unsafe class FrameTransform<TLanes, TVector>(FrameTables tables) : FrameTransform(tables)
    where TLanes : struct, ILanes<TVector>
{
    public override int Lanes => TLanes.Count;

    public override void Forward(float* waveform, int frame, int count, float* spectrogram, float* scratch)
    {
        float* hops = scratch + FftLength;
        LoadHops(waveform, frame, hops, hops + HopsLength);
        fixed (float* window = Tables.Analysis)
        {
            Window(hops, window, scratch);
        }

        BatchFft<TLanes, TVector>.Transform(Tables.Fft, scratch);
        fixed (float* split = Tables.Split)
        fixed (int* positions = Tables.Fft.PositionOf)
        {
            Bins bins = new(spectrogram, Tables, frame, count, hops + HopsLength + 4 * Tables.Hop);
            Split(scratch, positions, split, bins);
        }
    }

    public override void Inverse(float* spectrogram, int frame, int count, float* waveform, float* scratch)
    {
        float* hops = scratch + FftLength;
        fixed (float* split = Tables.Split)
        {
            Bins bins = new(spectrogram, Tables, frame, count, hops + HopsLength + 4 * Tables.Hop);
            Join(bins, split, scratch);
        }

        BatchFft<TLanes, TVector>.Transform(Tables.Fft, scratch);
        fixed (float* window = Tables.Synthesis)
        fixed (int* positions = Tables.Fft.PositionOf)
        {
            OverlapAdd(scratch, positions, window, hops);
        }

        AddHops(hops, count, frame, waveform);
        KeepLastHops(hops, count);
    }

    /// <summary>Point m of the FFT = windowed samples 2m and 2m + 1 of each frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Window(float* hops, float* window, float* points)
    {
        int hop = Tables.Hop, stride = 2 * TLanes.Count;
        for (int quarter = 0; quarter < 4; quarter++)
        {
            float* row = hops + quarter;
            for (int r = 0; r < hop; r++, row += stride, points += TLanes.Count)
            {
                TLanes.Store(TLanes.Multiply(TLanes.Load(row), TLanes.Broadcast(*window++)), points);
            }
        }
    }

    /// <summary>
    /// Parts the spectrum Z of the packed samples into the spectra of even and odd samples and joins them:
    /// X[k] = E + wᵏO and X[n − k] = conj(E − wᵏO) with 2E = Z[k] + conj Z[n − k], 2iO = Z[k] − conj Z[n − k].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(float* points, int* positions, float* split, Bins bins)
    {
        int n = bins.Count, lanes = TLanes.Count;
        TVector two = TLanes.Broadcast(2), minusTwo = TLanes.Broadcast(-2);

        // Bin 0 is the sum of all even and all odd samples; the top bin, their difference, is dropped.
        bins.Store(0, TLanes.Multiply(TLanes.Add(TLanes.Load(points), TLanes.Load(points + lanes)), two), TLanes.Broadcast(0));
        float* middle = points + (nint)positions[n / 2] * 2 * lanes;
        bins.Store(
            n / 2, TLanes.Multiply(TLanes.Load(middle), two), TLanes.Multiply(TLanes.Load(middle + lanes), minusTwo));
        for (int k = 1; k < n / 2; k++)
        {
            float* low = points + (nint)positions[k] * 2 * lanes;
            float* high = points + (nint)positions[n - k] * 2 * lanes;
            TVector a = TLanes.Load(low), b = TLanes.Load(low + lanes);
            TVector c = TLanes.Load(high), d = TLanes.Load(high + lanes);
            TVector evenRe = TLanes.Add(a, c), evenIm = TLanes.Subtract(b, d);
            TVector oddRe = TLanes.Add(b, d), oddIm = TLanes.Subtract(c, a);
            TVector cos = TLanes.Broadcast(split[2 * k]), sin = TLanes.Broadcast(split[2 * k + 1]);
            TVector re = TLanes.MultiplySubtract(oddRe, cos, TLanes.Multiply(oddIm, sin));
            TVector im = TLanes.MultiplyAdd(oddRe, sin, TLanes.Multiply(oddIm, cos));
            bins.Store(k, TLanes.Add(evenRe, re), TLanes.Add(evenIm, im));
            bins.Store(n - k, TLanes.Subtract(evenRe, re), TLanes.Subtract(im, evenIm));
        }
    }

    /// <summary>
    /// The way back: Z[k] = E + iO, with real and imaginary parts swapped, so that the forward FFT computes the
    /// inverse one (its result swapped again). Bin 0's imaginary part has no meaning and is ignored; the top bin is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(Bins bins, float* split, float* points)
    {
        int n = bins.Count, lanes = TLanes.Count;
        TVector first = bins.Load(0, 0);
        TLanes.Store(first, points);
        TLanes.Store(first, points + lanes);
        float* middle = points + (nint)n * lanes;
        TLanes.Store(TLanes.Multiply(bins.Load(1, n / 2), TLanes.Broadcast(-2)), middle);
        TLanes.Store(TLanes.Multiply(bins.Load(0, n / 2), TLanes.Broadcast(2)), middle + lanes);
        for (int k = 1; k < n / 2; k++)
        {
            TVector a = bins.Load(0, k), b = bins.Load(1, k), c = bins.Load(0, n - k), d = bins.Load(1, n - k);
            TVector evenRe = TLanes.Add(a, c), evenIm = TLanes.Subtract(b, d);
            TVector re = TLanes.Subtract(a, c), im = TLanes.Add(b, d);

            // Times the conjugate of wᵏ.
            TVector cos = TLanes.Broadcast(split[2 * k]), sin = TLanes.Broadcast(split[2 * k + 1]);
            TVector oddRe = TLanes.MultiplyAdd(re, cos, TLanes.Multiply(im, sin));
            TVector oddIm = TLanes.MultiplySubtract(im, cos, TLanes.Multiply(re, sin));
            float* low = points + (nint)k * 2 * lanes;
            float* high = points + (nint)(n - k) * 2 * lanes;
            TLanes.Store(TLanes.Add(evenIm, oddRe), low);
            TLanes.Store(TLanes.Subtract(evenRe, oddIm), low + lanes);
            TLanes.Store(TLanes.Subtract(oddRe, evenIm), high);
            TLanes.Store(TLanes.Add(evenRe, oddIm), high + lanes);
        }
    }

    /// <summary>Adds the windowed frames into the hops that they touch: quarter q of a frame is hop q after its first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OverlapAdd(float* points, int* positions, float* window, float* hops)
    {
        int lanes = TLanes.Count, stride = 2 * lanes;
        int half = Tables.Hop / 2;

        // One quarter at a time over all rows: the same row again at once would wait for its own unaligned store.
        for (int quarter = 0; quarter < 4; quarter++)
        {
            float* row = hops + quarter;
            for (int i = 0; i < half; i++, row += 2 * stride, window += 2)
            {
                float* point = points + (nint)(*positions++) * 2 * lanes;
                TVector even = TLanes.Load(point + lanes), odd = TLanes.Load(point);
                TLanes.Store(TLanes.MultiplyAdd(even, TLanes.Broadcast(window[0]), TLanes.Load(row)), row);
                TLanes.Store(
                    TLanes.MultiplyAdd(odd, TLanes.Broadcast(window[1]), TLanes.Load(row + stride)), row + stride);
            }
        }
    }

    private void KeepLastHops(float* hops, int done)
    {
        int lanes = TLanes.Count, stride = 2 * lanes;
        TVector zero = TLanes.Broadcast(0);
        for (int r = 0; r < Tables.Hop; r++, hops += stride)
        {
            TVector rest = TLanes.Load(hops + done);
            TLanes.Store(rest, hops);
            TLanes.Store(zero, hops + lanes);
        }
    }

    /// <summary>The frames of a spectrogram that are being transformed, one vector per bin.</summary>
    private readonly struct Bins(float* spectrogram, FrameTables tables, int frame, int frames, float* partial)
    {
        private readonly float* _first = spectrogram + frame;
        private readonly nint _stride = tables.Frames;
        private readonly nint _imaginary = (nint)tables.Frames * (tables.Nfft / 2);
        private readonly int _frames = frames;
        private readonly float* _partial = partial;

        public int Count { get; } = tables.Nfft / 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int bin, TVector re, TVector im)
        {
            float* to = _first + bin * _stride;
            if (_frames == TLanes.Count)
            {
                TLanes.Store(re, to);
                TLanes.Store(im, to + _imaginary);
            }
            else
            {
                StorePartial(re, to);
                StorePartial(im, to + _imaginary);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Load(int part, int bin)
        {
            float* from = _first + part * _imaginary + bin * _stride;
            return _frames == TLanes.Count ? TLanes.Load(from) : LoadPartial(from);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void StorePartial(TVector value, float* to)
        {
            TLanes.Store(value, _partial);
            for (int i = 0; i < _frames; i++)
            {
                to[i] = _partial[i];
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private TVector LoadPartial(float* from)
        {
            for (int i = 0; i < TLanes.Count; i++)
            {
                _partial[i] = i < _frames ? from[i] : 0;
            }

            return TLanes.Load(_partial);
        }
    }
}
