using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>Reads until a buffer is full or the recording ends, however little a reader gives at a time.</summary>
internal static class FullRead
{
    /// <returns>Frames read; fewer than fit only at the end.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Frames(IAudioReader reader, Span<float> interleaved)
    {
        int wanted = interleaved.Length / reader.Channels, got = 0;
        while (got < wanted)
        {
            int frames = reader.Read(interleaved[(got * reader.Channels)..]);
            if (frames == 0)
            {
                break;
            }

            got += frames;
        }

        return got;
    }
}
