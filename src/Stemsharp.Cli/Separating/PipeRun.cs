using System.Formats.Tar;
using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Files;

namespace Stemsharp.Cli.Separating;

/// <summary>Separates one input to standard output.</summary>
internal sealed class PipeRun(SeparateRequest request, StemSeparator separator, IBatchView view)
{
    private const int BlockFrames = 1 << 13;

    /// <summary>Separates and writes.</summary>
    /// <param name="track">The input.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    internal async Task<TrackOutcome> RunAsync(Track track, Stream output, CancellationToken cancellationToken)
    {
        ITrackView trackView = view.Track(0, track);
        string work = Directory.CreateTempSubdirectory("stemsharp-").FullName;
        try
        {
            using TrackSource source = TrackSource.Open(track, request, cancellationToken);
            SeparatedFiles separated = await new TrackSeparation(request, separator)
                .RunAsync(source, work, null, trackView, cancellationToken).ConfigureAwait(false);
            Send(separated, source, work, output, cancellationToken);
            TrackOutcome outcome = new()
            {
                Track = track,
                Status = TrackStatus.Done,
                Files = [.. separated.Stems.Select(f => new StemFile(f.Stem, "-", f.Gain))],
                AudioSeconds = separated.Summary.Info.Duration.TotalSeconds,
                ElapsedSeconds = separated.Summary.Elapsed.TotalSeconds,
                Engines = [.. separated.Summary.Engines.Select(RecordedEngine.Of)],
                NullDecibels = separated.NullDecibels,
                Warnings = separated.Warnings,
            };
            trackView.End(outcome);
            return outcome;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            TrackOutcome outcome = TrackOutcome.Failure(track, exception);
            trackView.End(outcome);
            return outcome;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private void Send(SeparatedFiles separated, TrackSource source, string work, Stream output, CancellationToken cancellationToken)
    {
        bool one = separated.Stems.Count == 1;
        OutputErrors.Guard(() =>
        {
            switch (request.Pipe)
            {
                case PipeFormat.Multichannel:
                    SendFile(Interleave(separated.Stems, source.Tags, Path.Combine(work, "all.wav"), cancellationToken), output);
                    break;
                case PipeFormat.Wav:
                case PipeFormat.Auto when one:
                    SendFile(separated.Stems[0].Path, output);
                    break;
                default:
                    SendTar(separated.Stems, output);
                    break;
            }

            output.Flush();
        });
    }

    private void SendTar(IReadOnlyList<SavedStem> files, Stream output)
    {
        using TarWriter tar = new(output, leaveOpen: true);
        foreach (SavedStem file in files)
        {
            tar.WriteEntry(file.Path, $"{file.Stem}.{request.Files.Extension}");
        }
    }

    private static void SendFile(string path, Stream output)
    {
        using FileStream file = File.OpenRead(path);
        file.CopyTo(output);
    }

    /// <summary>One WAV in which stem s has the channels 2s and 2s + 1.</summary>
    private string Interleave(IReadOnlyList<SavedStem> files, AudioTags tags, string path, CancellationToken cancellationToken)
    {
        IAudioReader[] readers = [];
        try
        {
            readers = [.. files.Select(f => AudioFiles.Open(f.Path, cancellationToken: cancellationToken))];
            using AudioSource first = AudioSource.Open(files[0].Path, cancellationToken: cancellationToken);
            int channels = readers[0].Channels;
            int all = channels * readers.Length;
            EncodingOptions options = new() { SampleFormat = first.Info.SampleFormat ?? SampleFormat.Float32, Dither = false, Tags = request.Files.CopyTags ? tags : null };
            using IAudioWriter writer = AudioFiles.Create(path, readers[0].SampleRate, all, options, cancellationToken);
            float[] stem = new float[BlockFrames * channels];
            float[] joined = new float[BlockFrames * all];
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int frames = 0;
                for (int s = 0; s < readers.Length; s++)
                {
                    frames = ReadFull(readers[s], stem);
                    for (int n = 0; n < frames; n++)
                    {
                        for (int c = 0; c < channels; c++)
                        {
                            joined[n * all + s * channels + c] = stem[n * channels + c];
                        }
                    }
                }

                if (frames == 0)
                {
                    break;
                }

                writer.Write(joined.AsSpan(0, frames * all));
            }

            writer.Complete();
            return path;
        }
        finally
        {
            foreach (IAudioReader reader in readers)
            {
                reader.Dispose();
            }
        }
    }

    private static int ReadFull(IAudioReader reader, float[] block)
    {
        int total = 0;
        for (int read; total < BlockFrames && (read = reader.Read(block.AsSpan(total * reader.Channels))) > 0;)
        {
            total += read;
        }

        return total;
    }
}
