namespace Stemsharp.Cli.Output;

/// <summary>Adds up stems and mix as a lane says.</summary>
internal static class LaneMixer
{
    /// <summary>Writes a lane's samples, channels interleaved.</summary>
    /// <param name="block">The stems.</param>
    /// <param name="lane">The weights.</param>
    /// <param name="destination">Length × channels floats, overwritten.</param>
    internal static void Mix(StemBlock block, Lane lane, Span<float> destination)
    {
        int channels = block.Info.Channels;
        destination.Clear();
        for (int channel = 0; channel < channels; channel++)
        {
            if (lane.MixWeight != 0)
                Add(block.Mix(channel), lane.MixWeight, destination[channel..], channels);
            for (int stem = 0; stem < lane.Weights.Count; stem++)
            {
                if (lane.Weights[stem] != 0)
                    Add(block.Stem(stem, channel), lane.Weights[stem], destination[channel..], channels);
            }
        }
    }

    private static void Add(ReadOnlySpan<float> source, float weight, Span<float> destination, int step)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i * step] += weight * source[i];
    }
}
