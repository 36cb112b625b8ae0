using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Files;

/// <summary>Finishes a song as one Traktor stem file: the mix and four stems, all with one gain.</summary>
internal static class TraktorFinish
{
    /// <summary>What the file is called among the stems.</summary>
    public const string Name = "stems";

    private const int BlockFrames = 1 << 13;

    /// <summary>Writes the tracks' samples.</summary>
    /// <param name="tracks">The samples that waited.</param>
    /// <param name="writer">Takes frames of <see cref="TraktorStemFile.Channels"/> samples.</param>
    /// <param name="mode">The clip mode.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The gain.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Write(IReadOnlyList<IWaitingSamples> tracks, IAudioWriter writer, ClipMode mode, CancellationToken cancellationToken)
    {
        float gain = mode == ClipMode.Rescale ? Clipping.RescaleGain(tracks.Max(t => t.Peak)) : 1;
        int channels = TraktorStemFile.Channels / tracks.Count;
        float[] track = new float[BlockFrames * channels];
        float[] joined = new float[BlockFrames * TraktorStemFile.Channels];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int read = 0;
            for (int i = 0; i < tracks.Count; i++)
            {
                read = tracks[i].Read(track);
                Clipping.Apply(track.AsSpan(0, read), mode, gain);
                for (int n = 0; n < read; n++)
                {
                    joined[n / channels * TraktorStemFile.Channels + i * channels + n % channels] = track[n];
                }
            }

            if (read == 0)
            {
                return gain;
            }

            writer.Write(joined.AsSpan(0, read / channels * TraktorStemFile.Channels));
        }
    }
}
