using System.Runtime.CompilerServices;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// A stretch of a song's stems, next to the stretch before it. Its memory is used again: a block is valid until
/// the next one is asked for, or until the sink returns.
/// </summary>
public sealed class StemBlock
{
    private readonly SeparatedBlock _block;

    internal StemBlock(SeparationInfo info, SeparatedBlock block)
    {
        Info = info;
        _block = block;
    }

    /// <summary>The samples behind the block.</summary>
    internal SeparatedBlock Memory => _block;

    /// <summary>The song this is a part of.</summary>
    public SeparationInfo Info { get; }

    /// <summary>Where the block begins, in samples from the song's start.</summary>
    public long Start => _block.Start;

    /// <summary>Samples per channel, at least 1.</summary>
    public int Length => _block.Length;

    /// <summary>One channel of the mix as the model heard it, <see cref="Length"/> samples.</summary>
    /// <param name="channel">0 … channels − 1.</param>
    public ReadOnlySpan<float> Mix(int channel) => _block.Mix[channel].AsSpan(0, Length);

    /// <summary>One channel of a stem, <see cref="Length"/> samples, nominally within ±1 but not clipped.</summary>
    /// <param name="stem">Its place in <see cref="SeparationInfo.Stems"/>.</param>
    /// <param name="channel">0 … channels − 1.</param>
    public ReadOnlySpan<float> Stem(int stem, int channel) => _block.Stems[stem][channel].AsSpan(0, Length);

    /// <summary>Writes a stem with its channels interleaved, as audio files hold them.</summary>
    /// <param name="stem">Its place in <see cref="SeparationInfo.Stems"/>.</param>
    /// <param name="destination">At least <see cref="Length"/> × channels floats.</param>
    public void CopyStemInterleaved(int stem, Span<float> destination) => Interleave(_block.Stems[stem], destination);

    /// <summary>Writes the mix with its channels interleaved.</summary>
    /// <param name="destination">At least <see cref="Length"/> × channels floats.</param>
    public void CopyMixInterleaved(Span<float> destination) => Interleave(_block.Mix, destination);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Interleave(float[][] channels, Span<float> destination)
    {
        for (int c = 0; c < channels.Length; c++)
        {
            ReadOnlySpan<float> source = channels[c].AsSpan(0, Length);
            for (int i = 0; i < source.Length; i++)
            {
                destination[i * channels.Length + c] = source[i];
            }
        }
    }
}

/// <summary>
/// Takes a song's stems block by block, in order, on the thread that separates, one call at a time: the next block is not made before
/// the sink has taken this one. While the sink works an engine on the processor rests; one on a device does not.
/// </summary>
public interface IStemSink
{
    /// <summary>Called once, before the first block and before the network runs.</summary>
    /// <param name="info">What will come.</param>
    void Begin(SeparationInfo info);

    /// <summary>Takes a block, which is valid until this returns.</summary>
    /// <param name="block">The next stretch of the song.</param>
    void Write(StemBlock block);
}
