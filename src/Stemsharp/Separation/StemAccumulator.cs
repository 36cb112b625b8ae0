using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Stemsharp.Separation;

/// <summary>One channel of one stem, from the first sample that is not final on: weighted pieces are added up.</summary>
internal sealed class StemAccumulator(int capacity)
{
    private readonly float[] _samples = new float[capacity];
    private long _start;

    /// <summary>Adds (piece · scale + shift) · weight.</summary>
    /// <param name="start">Where the piece begins; samples before the first that is not final are left out.</param>
    /// <param name="piece">Its samples.</param>
    /// <param name="scale">Factor that restores the track's level.</param>
    /// <param name="shift">The track's mean.</param>
    /// <param name="weights">The cross-fade, one per sample.</param>
    /// <param name="share">What the whole piece counts.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(
        long start, ReadOnlySpan<float> piece, float scale, float shift, ReadOnlySpan<float> weights, float share)
    {
        if (start < _start)
        {
            int skip = (int)Math.Min(_start - start, piece.Length);
            piece = piece[skip..];
            weights = weights[skip..];
            start += skip;
        }

        if (piece.IsEmpty)
        {
            return;
        }

        Span<float> target = _samples.AsSpan((int)(start - _start), piece.Length);
        weights = weights[..piece.Length];
        ReadOnlySpan<Vector<float>> pieces = MemoryMarshal.Cast<float, Vector<float>>(piece);
        ReadOnlySpan<Vector<float>> fades = MemoryMarshal.Cast<float, Vector<float>>(weights);
        Span<Vector<float>> targets = MemoryMarshal.Cast<float, Vector<float>>(target);
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] += (pieces[i] * scale + new Vector<float>(shift)) * fades[i] * share;
        }

        for (int i = targets.Length * Vector<float>.Count; i < piece.Length; i++)
        {
            target[i] += (piece[i] * scale + shift) * weights[i] * share;
        }
    }

    /// <summary>The samples from the first that is not final on.</summary>
    public ReadOnlySpan<float> Next(int count) => _samples.AsSpan(0, count);

    /// <summary>Samples so many further are final, and have been taken.</summary>
    public void Advance(int count)
    {
        _samples.AsSpan(count).CopyTo(_samples);
        _samples.AsSpan(_samples.Length - count).Clear();
        _start += count;
    }
}
