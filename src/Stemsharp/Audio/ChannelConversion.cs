using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// Changes the number of channels as demucs does: one channel is duplicated, of more channels than wanted the
/// first ones are taken (front left and right in every common layout), and several become one as their mean.
/// </summary>
internal static class ChannelConversion
{
    /// <summary>Converts whole frames.</summary>
    /// <param name="source">[frames, sourceChannels].</param>
    /// <param name="sourceChannels">Channels there are.</param>
    /// <param name="target">[frames, targetChannels], overwritten.</param>
    /// <param name="targetChannels">Channels that are wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Convert(ReadOnlySpan<float> source, int sourceChannels, Span<float> target, int targetChannels)
    {
        int frames = source.Length / sourceChannels;
        if (sourceChannels == targetChannels)
        {
            source.CopyTo(target);
        }
        else if (sourceChannels == 1)
        {
            for (int i = 0; i < frames; i++)
            {
                target.Slice(i * targetChannels, targetChannels).Fill(source[i]);
            }
        }
        else if (targetChannels == 1)
        {
            for (int i = 0; i < frames; i++)
            {
                double sum = 0;
                foreach (float sample in source.Slice(i * sourceChannels, sourceChannels))
                {
                    sum += sample;
                }

                target[i] = (float)(sum / sourceChannels);
            }
        }
        else
        {
            for (int i = 0; i < frames; i++)
            {
                source.Slice(i * sourceChannels, targetChannels).CopyTo(target.Slice(i * targetChannels, targetChannels));
            }
        }
    }

    /// <summary>Whether the conversion is defined.</summary>
    public static bool IsPossible(int sourceChannels, int targetChannels) =>
        sourceChannels >= targetChannels || sourceChannels == 1;
}
