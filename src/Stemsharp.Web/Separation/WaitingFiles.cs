using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Files;
using Stemsharp.Separation;

namespace Stemsharp.Web.Separation;

/// <summary>Turns stems that waited as floats into their final files, by the library's rules.</summary>
internal static class WaitingFiles
{
    /// <inheritdoc cref="ISongSeparator.WriteStems"/>
    public static void Write(
        IReadOnlyList<WaitingStem> stems, WaitingStem? mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken)
    {
        List<Waiting> open = [];
        try
        {
            foreach (WaitingStem waiting in mix is null ? stems : stems.Append(mix))
            {
                open.Add(new Waiting(waiting));
            }

            WavReader first = open[0].File;
            string[] names = [.. stems.Select(stem => stem.Name)];
            // What waits is what the files hold already: one stem and its rest are two stems here.
            StemFileOptions options = JobFiles.Of(settings) with
            {
                TwoStems = null,
                FileName = (_, _, name) => Path.GetFileName(targets[Array.IndexOf(names, name)]),
            };
            SeparationInfo info = new(
                settings.Model ?? "", names, first.SampleRate, first.Channels, first.Header.Frames, first.SampleRate, first.Channels);
            FilePlan plan = new StemFilePlanner(options, Path.GetDirectoryName(targets[0])!, null).Plan(info);
            FileFinish.Write(plan, [.. open.Take(stems.Count)], mix is null ? null : open[^1], cancellationToken);
        }
        finally
        {
            foreach (Waiting waiting in open)
            {
                waiting.File.Dispose();
            }
        }
    }

    /// <summary>A waiting file, read from front to back.</summary>
    private sealed class Waiting(WaitingStem stem) : IWaitingSamples
    {
        public WavReader File { get; } = WavReader.Open(stem.Floats);

        public float Peak => stem.Peak;

        public int Read(Span<float> samples) => FullRead.Frames(File, samples) * File.Channels;
    }
}
