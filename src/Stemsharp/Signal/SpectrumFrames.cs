using System.Numerics;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>Neighbouring frames of a spectrogram [2, F, T], one vector per bin. Bins from F on are zero, and not kept.</summary>
/// <typeparam name="TIsa">The instructions.</typeparam>
/// <typeparam name="T">What they compute with; spectrograms are floats.</typeparam>
/// <typeparam name="V">Their vector.</typeparam>
/// <param name="spectrogram">[2, F, T], real then imaginary parts.</param>
/// <param name="bins">F.</param>
/// <param name="frames">T.</param>
/// <param name="frame">The first of the frames.</param>
/// <param name="count">How many they are, at most a vector's lanes.</param>
/// <param name="partial">Room for a vector of floats.</param>
internal readonly unsafe struct SpectrumFrames<TIsa, T, V>(float* spectrogram, int bins, int frames, int frame, int count, float* partial)
    where TIsa : struct, ISimd<T, V>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : struct
{
    private readonly float* _first = spectrogram + frame;
    private readonly nint _stride = frames;
    private readonly nint _imaginary = (nint)frames * bins;
    private readonly int _bins = bins;
    private readonly int _count = count;
    private readonly float* _partial = partial;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int bin, V re, V im)
    {
        if (bin >= _bins)
        {
            return;
        }

        float* to = _first + bin * _stride;
        if (_count == TIsa.Lanes)
        {
            TIsa.StoreSingles(to, re);
            TIsa.StoreSingles(to + _imaginary, im);
        }
        else
        {
            StorePartial(to, re);
            StorePartial(to + _imaginary, im);
        }
    }

    /// <param name="part">0 for the real part, 1 for the imaginary one.</param>
    /// <param name="bin">Any bin of the transform.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Load(int part, int bin)
    {
        if (bin >= _bins)
        {
            return default;
        }

        float* from = _first + part * _imaginary + bin * _stride;
        return _count == TIsa.Lanes ? TIsa.LoadSingles(from) : LoadPartial(from);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void StorePartial(float* to, V value)
    {
        TIsa.StoreSingles(_partial, value);
        for (int i = 0; i < _count; i++)
        {
            to[i] = _partial[i];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private V LoadPartial(float* from)
    {
        for (int i = 0; i < TIsa.Lanes; i++)
        {
            _partial[i] = i < _count ? from[i] : 0;
        }

        return TIsa.LoadSingles(_partial);
    }
}
