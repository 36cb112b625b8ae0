using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Chains;

/// <summary>Adds and subtracts readers of one rate, number of channels and length, sample by sample, from left to right.</summary>
internal sealed class SumReader : IAudioReader
{
    private readonly IAudioReader[] _terms;
    private readonly bool[] _subtracted;
    private float[] _block = [];

    private SumReader(IAudioReader[] terms, bool[] subtracted)
    {
        _terms = terms;
        _subtracted = subtracted;
    }

    public int SampleRate => _terms[0].SampleRate;

    public int Channels => _terms[0].Channels;

    public long? Length => _terms[0].Length;

    /// <summary>Opens a sum at its start.</summary>
    /// <param name="sum">What is added up.</param>
    /// <param name="open">Opens a sound at its start.</param>
    public static IAudioReader Open(ChainSum sum, Func<string, IAudioReader> open)
    {
        IAudioReader[] terms = Ensembles.Ensemble.Open([.. sum.Terms.Select(term => (Func<IAudioReader>)(() => open(term.Sound)))]);
        return terms.Length == 1 ? terms[0] : new SumReader(terms, [.. sum.Terms.Select(term => term.IsSubtracted)]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int frames = FullRead.Frames(_terms[0], interleaved);
        Span<float> sum = interleaved[..(frames * Channels)];
        if (_block.Length < sum.Length)
        {
            _block = new float[sum.Length];
        }

        for (int term = 1; term < _terms.Length; term++)
        {
            Span<float> block = _block.AsSpan(0, sum.Length);
            int got = FullRead.Frames(_terms[term], block);
            block[(got * Channels)..].Clear();
            if (_subtracted[term])
            {
                TensorPrimitives.Subtract(sum, block, sum);
            }
            else
            {
                TensorPrimitives.Add(sum, block, sum);
            }
        }

        return frames;
    }

    public void Dispose()
    {
        foreach (IAudioReader term in _terms)
        {
            term.Dispose();
        }
    }
}
