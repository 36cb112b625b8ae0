using System.Runtime.CompilerServices;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>A finished stretch of a track and its stems; the same memory serves stretch after stretch.</summary>
internal sealed class SeparatedBlock
{
    /// <summary>Most samples in a block: large enough to write files efficiently, small enough to be held twice.</summary>
    public const int Capacity = 65_536;

    public SeparatedBlock(int stems, int channels)
    {
        Mix = NewChannels(channels);
        Stems = new float[stems][][];
        for (int i = 0; i < stems; i++)
        {
            Stems[i] = NewChannels(channels);
        }
    }

    /// <summary>First sample, in the track's count.</summary>
    public long Start { get; set; }

    /// <summary>Samples, 1 … <see cref="Capacity"/>.</summary>
    public int Length { get; set; }

    /// <summary>[channel][sample].</summary>
    public float[][] Mix { get; }

    /// <summary>[stem][channel][sample].</summary>
    public float[][][] Stems { get; }

    /// <summary>Threads that are free for whoever takes the block.</summary>
    public IWorkers Workers { get; set; } = ParallelWorkers.Caller;

    /// <summary>The stage that made it, in the run's timeline; negative without one.</summary>
    public int Stage { get; set; } = -1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[][] NewChannels(int channels)
    {
        float[][] result = new float[channels][];
        for (int c = 0; c < channels; c++)
        {
            result[c] = new float[Capacity];
        }

        return result;
    }
}
