using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>Transforms neighbouring frames at once, as many as a vector has lanes; where it has one, four one after the other.</summary>
/// <remarks>
/// Sums of overlapping frames take their order from the size of a group. Four at least give scalar code the order, and so the
/// bits, of four lanes.
/// </remarks>
internal abstract unsafe class FrameTransform(FrameTables tables, int lanes)
{
    protected FrameTables Tables { get; } = tables;

    /// <summary>Frames in one call.</summary>
    public int Group { get; } = Math.Max(lanes, 4);

    /// <summary>Floats of scratch memory that one caller needs.</summary>
    public int ScratchLength => FftLength + HopsLength + 4 * Tables.Hop + lanes;

    /// <summary>The FFTs' points.</summary>
    protected int FftLength => Tables.Nfft * Group;

    /// <summary>Hops side by side: the group's and three more, filled up.</summary>
    protected int Stride => 2 * Group;

    /// <summary>[H][stride]: sample r of each hop that the frames touch.</summary>
    protected int HopsLength => Tables.Hop * Stride;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void EndInverse(float* seam, float* scratch)
    {
        float* hops = scratch + FftLength;
        int stride = Stride;
        for (int hop = 0; hop < 3; hop++)
        {
            for (int r = 0; r < Tables.Hop; r++)
            {
                *seam++ = hops[r * stride + hop];
            }
        }
    }

    /// <summary>Lays hops side by side: hops[r][i] = sample r of hop (first + i). Hops past the padding are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected void LoadHops(float* waveform, int first, float* hops, float* edge)
    {
        int hop = Tables.Hop;
        float** columns = stackalloc float*[4];
        for (int group = 0; group < Group + 3; group += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                int start = (first + group + i) * hop - Tables.Pad;
                columns[i] = start >= 0 && start + hop <= Tables.Samples
                    ? waveform + start
                    : Edge(waveform, first + group + i, edge + i * hop);
            }

            if (lanes == 1)
            {
                LoadFourHopsByOnes(columns, hops + group);
            }
            else
            {
                LoadFourHops(columns, hops + group);
            }
        }
    }

    /// <summary>Adds hops[r][i] to sample r of hop (first + i) for i &lt; count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected void AddHops(float* hops, int count, int first, float* waveform)
    {
        int hop = Tables.Hop, stride = Stride;
        for (int i = 0; i < count;)
        {
            int start = (first + i) * hop - Tables.Pad;
            if (lanes > 1 && i + 4 <= count && start >= 0 && start + 4 * hop <= Tables.Samples)
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadFourHops(float** columns, float* row)
    {
        int hop = Tables.Hop, stride = Stride;
        for (int r = 0; r < hop; r += 4, row += 4 * stride)
        {
            Vector128<float> a = Vector128.Load(columns[0] + r), b = Vector128.Load(columns[1] + r);
            Vector128<float> c = Vector128.Load(columns[2] + r), d = Vector128.Load(columns[3] + r);
            Transpose4.Rows(ref a, ref b, ref c, ref d);
            a.Store(row);
            b.Store(row + stride);
            c.Store(row + 2 * stride);
            d.Store(row + 3 * stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadFourHopsByOnes(float** columns, float* row)
    {
        for (int r = 0; r < Tables.Hop; r++, row += Stride)
        {
            for (int i = 0; i < 4; i++)
            {
                row[i] = columns[i][r];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddFourHops(float* hops, float* destination)
    {
        int hop = Tables.Hop, stride = Stride;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
internal sealed unsafe class FrameTransform<TIsa, V>(FrameTables tables) : FrameTransform(tables, TIsa.Lanes)
    where TIsa : struct, ISimd<float, V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Forward(float* waveform, int frame, int count, float* spectrogram, float* scratch)
    {
        float* hops = scratch + FftLength;
        LoadHops(waveform, frame, hops, hops + HopsLength);
        for (int i = 0; i < count; i += TIsa.Lanes)
        {
            float* points = scratch + i * Tables.Nfft;
            fixed (float* window = Tables.Analysis)
            {
                Window(hops + i, window, points);
            }

            RealFft<TIsa, float, V>.Forward(Tables.Fft, points, Frames(spectrogram, frame + i, count - i, scratch));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Inverse(float* spectrogram, int frame, int count, float* waveform, float* scratch)
    {
        float* hops = scratch + FftLength;
        for (int i = 0; i < count; i += TIsa.Lanes)
        {
            RealFft<TIsa, float, V>.Inverse(Tables.Fft, Frames(spectrogram, frame + i, count - i, scratch), scratch + i * Tables.Nfft);
        }

        fixed (float* window = Tables.Synthesis)
        fixed (int* positions = Tables.Fft.Fft.PositionOf)
        {
            // One quarter at a time over all rows: the same row again at once would wait for its own unaligned store.
            for (int quarter = 0; quarter < 4; quarter++)
            {
                for (int i = 0; i < count; i += TIsa.Lanes)
                {
                    OverlapAdd(scratch + i * Tables.Nfft, positions + quarter * Tables.Hop / 2, window + quarter * Tables.Hop, hops + quarter + i);
                }
            }
        }

        AddHops(hops, count, frame, waveform);
        KeepLastHops(hops, count);
    }

    private SpectrumFrames<TIsa, float, V> Frames(float* spectrogram, int frame, int count, float* scratch) =>
        new(spectrogram, Tables.Fft.Points, Tables.Frames, frame, Math.Min(count, TIsa.Lanes), scratch + FftLength + HopsLength + 4 * Tables.Hop);

    /// <summary>Point m of the FFT = windowed samples 2m and 2m + 1 of each frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Window(float* hops, float* window, float* points)
    {
        int hop = Tables.Hop, stride = Stride;
        for (int quarter = 0; quarter < 4; quarter++)
        {
            float* row = hops + quarter;
            for (int r = 0; r < hop; r++, row += stride, points += TIsa.Lanes)
            {
                TIsa.Store(points, TIsa.Multiply(TIsa.Load(row), TIsa.Broadcast(*window++)));
            }
        }
    }

    /// <summary>Adds a quarter of the windowed frames into the hops that they touch: quarter q of a frame is hop q after its first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OverlapAdd(float* points, int* positions, float* window, float* row)
    {
        int lanes = TIsa.Lanes, stride = Stride;
        for (int half = Tables.Hop / 2; half > 0; half--, row += 2 * stride, window += 2)
        {
            float* point = points + (nint)(*positions++) * 2 * lanes;
            V even = TIsa.Load(point + lanes), odd = TIsa.Load(point);
            TIsa.Store(row, TIsa.MultiplyAdd(even, TIsa.Broadcast(window[0]), TIsa.Load(row)));
            TIsa.Store(row + stride, TIsa.MultiplyAdd(odd, TIsa.Broadcast(window[1]), TIsa.Load(row + stride)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void KeepLastHops(float* hops, int done)
    {
        int lanes = TIsa.Lanes, group = Group;
        for (int r = 0; r < Tables.Hop; r++, hops += 2 * group)
        {
            for (int i = 0; i < group; i += lanes)
            {
                TIsa.Store(hops + i, TIsa.Load(hops + i + done));
            }

            for (int i = group; i < 2 * group; i += lanes)
            {
                TIsa.Store(hops + i, default);
            }
        }
    }
}
