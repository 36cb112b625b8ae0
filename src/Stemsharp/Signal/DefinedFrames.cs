using System.Numerics;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>Transforms neighbouring frames of any definition at once, as many as a vector has lanes.</summary>
internal abstract unsafe class DefinedFrames
{
    /// <summary>Frames in one vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>Scratch memory that one caller needs.</summary>
    public abstract long ScratchBytes { get; }

    /// <summary>Transforms <paramref name="count"/> frames from <paramref name="frame"/> on.</summary>
    public abstract void Forward(float* waveform, int frame, int count, float* spectrogram, byte* scratch);

    /// <summary>Readies the scratch memory for a run of neighbouring frames.</summary>
    public abstract void BeginInverse(byte* scratch);

    /// <summary>
    /// Transforms frames back, adds the samples that are complete to the waveform and keeps the others for the frames that follow.
    /// </summary>
    public abstract void Inverse(float* spectrogram, int frame, int count, float* waveform, byte* scratch);

    /// <summary>Adds what was kept to the waveform.</summary>
    /// <param name="frame">The frame that would follow.</param>
    /// <param name="waveform">[L'].</param>
    /// <param name="scratch">The run's scratch memory.</param>
    public abstract void EndInverse(int frame, float* waveform, byte* scratch);

    /// <summary>Writes what was kept to a seam.</summary>
    /// <param name="frame">The frame that would follow.</param>
    /// <param name="seam">n less a hop.</param>
    /// <param name="scratch">The run's scratch memory.</param>
    public abstract void EndInverseInSeam(int frame, float* seam, byte* scratch);
}

/// <inheritdoc/>
/// <typeparam name="TIsa">The instructions.</typeparam>
/// <typeparam name="T">What is computed with, float or double.</typeparam>
/// <typeparam name="V">Their vector.</typeparam>
internal sealed unsafe class DefinedFrames<TIsa, T, V> : DefinedFrames
    where TIsa : struct, ISimd<T, V>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : struct
{
    /// <summary>Samples that are turned over at once between frames in time order and frames side by side: they stay in the first-level cache.</summary>
    private const int Block = 64;

    private readonly TransformDefinition _definition;
    private readonly int _nfft, _hop, _frames, _outputSamples;
    private readonly PaddedSignal _signal;
    private readonly OverlapWeights _weights;
    private readonly RealFftTables<T> _fft;
    private readonly T[] _analysis, _synthesis;

    /// <param name="definition">A valid one.</param>
    /// <param name="samples">Samples L, enough for a frame.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DefinedFrames(TransformDefinition definition, int samples)
    {
        _definition = definition;
        _nfft = definition.Nfft;
        _hop = definition.Hop;
        _frames = definition.Frames(samples);
        _outputSamples = definition.OutputSamples(samples);
        _signal = new PaddedSignal(definition, samples);
        _fft = new RealFftTables<T>(_nfft);
        double[] window = new double[_nfft];
        for (int i = 0; i < _nfft; i++)
        {
            window[i] = definition.WindowAt(i);
        }

        _weights = new OverlapWeights(definition, window, _frames + 2 * definition.DroppedFrames);

        // The split of a real transform doubles what it adds; the window takes the half in, and the scale.
        double scale = definition.Normalized ? 1 / Math.Sqrt(_nfft) : 1;
        _analysis = Array.ConvertAll(window, w => T.CreateTruncating(0.5 * w * scale));
        _synthesis = Array.ConvertAll(window, w => T.CreateTruncating(w / (_nfft * scale)));
    }

    public override int Lanes => TIsa.Lanes;

    /// <inheritdoc/>
    public override long ScratchBytes => (long)sizeof(T) * (PointsLength + TileLength + SumsLength) + sizeof(double) * WeightsLength + sizeof(float) * EdgesLength;

    // The FFT's points, a tile, samples that frames are being added up to, their weights, and frames that reach beyond the signal.
    private long PointsLength => (long)_nfft * TIsa.Lanes;

    private static int TileLength => Block * TIsa.Lanes;

    private int SumsLength => Rounded(_nfft + (TIsa.Lanes - 1) * _hop);

    private int WeightsLength => Rounded(Math.Max(_nfft, TIsa.Lanes * _hop));

    private long EdgesLength => (long)_nfft * TIsa.Lanes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Forward(float* waveform, int frame, int count, float* spectrogram, byte* scratch)
    {
        Room room = new(scratch, this);
        float** frames = stackalloc float*[TIsa.Lanes];
        for (int lane = 0; lane < TIsa.Lanes; lane++)
        {
            // Lanes beyond the last frame repeat it, and are not stored.
            frames[lane] = lane < count ? _signal.Frame(waveform, frame + lane, room.Edges + (nint)lane * _nfft) : frames[lane - 1];
        }

        fixed (T* window = _analysis)
        {
            Window(frames, window, (float*)room.Tile, room.Points);
        }

        RealFft<TIsa, T, V>.Forward(_fft, room.Points, Spectra(spectrogram, frame, count, room));
    }

    public override void BeginInverse(byte* scratch) => new Span<T>(new Room(scratch, this).Sums, SumsLength).Clear();

    public override void Inverse(float* spectrogram, int frame, int count, float* waveform, byte* scratch)
    {
        Room room = new(scratch, this);
        RealFft<TIsa, T, V>.Inverse(_fft, Spectra(spectrogram, frame, count, room), room.Points);
        fixed (T* window = _synthesis)
        fixed (int* positions = _fft.Fft.PositionOf)
        {
            OverlapAdd(room.Points, positions, window, count, room.Tile, room.Sums);
        }

        int done = count * _hop;
        Emit(frame, done, waveform, room);
        new Span<T>(room.Sums + done, SumsLength - done).CopyTo(new Span<T>(room.Sums, SumsLength));
        new Span<T>(room.Sums + SumsLength - done, done).Clear();
    }

    public override void EndInverse(int frame, float* waveform, byte* scratch) =>
        Emit(frame, _nfft - _hop, waveform, new Room(scratch, this));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void EndInverseInSeam(int frame, float* seam, byte* scratch)
    {
        Room room = new(scratch, this);
        int length = _nfft - _hop;
        _weights.CopyTo((frame + _definition.DroppedFrames) * _hop, new Span<double>(room.Weights, length));
        for (int i = 0; i < length; i++)
        {
            seam[i] = (float)(double.CreateTruncating(room.Sums[i]) * room.Weights[i]);
        }
    }

    private SpectrumFrames<TIsa, T, V> Spectra(float* spectrogram, int frame, int count, in Room room) =>
        new(spectrogram, _definition.Bins, _frames, frame, count, (float*)room.Tile);

    /// <summary>Point m of the FFT = windowed samples 2m and 2m + 1 of each frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Window(float** frames, T* window, float* tile, T* points)
    {
        int lanes = TIsa.Lanes;
        for (int start = 0; start < _nfft; start += Block)
        {
            int length = Math.Min(Block, _nfft - start);
            for (int lane = 0; lane < lanes; lane++)
            {
                float* from = frames[lane] + start, to = tile + lane;
                for (int i = 0; i < length; i++, to += lanes)
                {
                    *to = from[i];
                }
            }

            for (int i = 0; i < length; i++, points += lanes)
            {
                TIsa.Store(points, TIsa.Multiply(TIsa.LoadSingles(tile + i * lanes), TIsa.Broadcast(*window++)));
            }
        }
    }

    /// <summary>Adds the windowed frames to the samples that they lie over, each a hop after the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OverlapAdd(T* points, int* positions, T* window, int count, T* tile, T* sums)
    {
        int lanes = TIsa.Lanes;
        for (int start = 0; start < _nfft; start += Block, sums += Block)
        {
            int length = Math.Min(Block, _nfft - start);
            for (int i = 0; i < length; i += 2)
            {
                T* point = points + (nint)(*positions++) * 2 * lanes;
                TIsa.Store(tile + i * lanes, TIsa.Multiply(TIsa.Load(point + lanes), TIsa.Broadcast(*window++)));
                TIsa.Store(tile + (i + 1) * lanes, TIsa.Multiply(TIsa.Load(point), TIsa.Broadcast(*window++)));
            }

            for (int lane = 0; lane < count; lane++)
            {
                T* from = tile + lane, to = sums + (nint)lane * _hop;
                for (int i = 0; i < length; i++, from += lanes)
                {
                    to[i] += *from;
                }
            }
        }
    }

    /// <summary>Adds the first sums, of which the first one is where a frame begins, to the waveform.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Emit(int frame, int length, float* waveform, in Room room)
    {
        int position = (frame + _definition.DroppedFrames) * _hop;
        int output = position - _nfft / 2 - _definition.OutputStart;
        int begin = Math.Max(0, -output), end = Math.Min(length, _outputSamples - output);
        if (begin >= end)
        {
            return;
        }

        _weights.CopyTo(position + begin, new Span<double>(room.Weights, end - begin));
        double* weights = room.Weights;
        T* sums = room.Sums;
        for (int i = begin; i < end; i++)
        {
            waveform[output + i] = (float)(waveform[output + i] + double.CreateTruncating(sums[i]) * *weights++);
        }
    }

    // Whole cache lines.
    private static int Rounded(int length) => (length + 15) & ~15;

    /// <summary>The parts of a caller's scratch memory.</summary>
    private readonly ref struct Room
    {
        public readonly T* Points, Tile, Sums;
        public readonly double* Weights;
        public readonly float* Edges;

        public Room(byte* scratch, DefinedFrames<TIsa, T, V> frames)
        {
            Points = (T*)scratch;
            Tile = Points + frames.PointsLength;
            Sums = Tile + TileLength;
            Weights = (double*)(Sums + frames.SumsLength);
            Edges = (float*)(Weights + frames.WeightsLength);
        }
    }
}
