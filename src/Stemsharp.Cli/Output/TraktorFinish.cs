using Stemsharp.Audio;

namespace Stemsharp.Cli.Output;

/// <summary>Finishes a track as one Traktor stem file: the mix and four stems, all with one gain.</summary>
internal static class TraktorFinish
{
    /// <summary>What the file is called among the stems.</summary>
    internal const string Name = "stems";

    private const int BlockFrames = 1 << 13;

    /// <summary>Writes the file from the spooled lanes.</summary>
    internal static MadeFile Write(
        IReadOnlyList<LaneWriter> lanes, string folder, int sampleRate, TraktorStemOptions options, ClipMode mode, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, "0.stem.mp4");
        float gain = mode == ClipMode.Rescale ? Clipping.RescaleGain(lanes.Max(l => l.Peak)) : 1;
        using IAudioWriter writer = TraktorStemFile.Create(path, sampleRate, options, cancellationToken);
        int channels = TraktorStemFile.Channels / lanes.Count;
        float[] lane = new float[BlockFrames * channels];
        float[] joined = new float[BlockFrames * TraktorStemFile.Channels];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int read = 0;
            for (int i = 0; i < lanes.Count; i++)
            {
                read = lanes[i].ReadSpool(lane);
                Clipping.Apply(lane.AsSpan(0, read), mode, gain);
                for (int n = 0; n < read; n++)
                    joined[n / channels * TraktorStemFile.Channels + i * channels + n % channels] = lane[n];
            }

            if (read == 0)
                break;
            writer.Write(joined.AsSpan(0, read / channels * TraktorStemFile.Channels));
        }

        writer.Complete();
        return new MadeFile(Name, path, gain, writer.ClippedSamples);
    }
}
