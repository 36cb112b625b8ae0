using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Separation;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Delivery;

/// <summary>Mixes stems into a file as the page plays them, made softer as a whole where it would clip.</summary>
internal sealed class Mixer(ISongSeparator separator, DiskBudget disk)
{
    private const int BlockFrames = 1 << 14;

    /// <summary>The mix, open for reading; the file goes when it is closed, and the space that was booked for it is given back.</summary>
    public FileStream Render(Job job, StemFiles files, MixLevels levels, ExportForm export, CancellationToken cancellationToken) =>
        Make(job, files, export, (name, wav) =>
        {
            string floats = name + ".float.wav";
            try
            {
                float peak = Mix(job.Audio!, files, levels, export.Stretch, floats, cancellationToken);
                JobSettings settings = job.Settings with { ClipMode = "rescale", ExactSum = false, SampleFormat = export.Depth ?? job.Settings.SampleFormat };
                separator.WriteStems([new WaitingStem("mix", floats, peak)], null, [wav], settings, cancellationToken);
            }
            finally
            {
                File.Delete(floats);
            }
        }, cancellationToken);

    /// <summary>A stretch of a stem, or a stem in another depth, as <see cref="Render"/> gives a mix.</summary>
    public FileStream Cut(Job job, StemFiles files, int stem, ExportForm export, CancellationToken cancellationToken) =>
        Make(job, files, export, (_, wav) =>
        {
            using WavReader source = WavReader.Open(files.Final(stem, "wav"));
            source.Seek(export.Stretch.From);
            EncodingOptions encoding = new() { SampleFormat = JobFiles.DepthOf(export.Depth ?? job.Settings.SampleFormat!) };
            using IAudioWriter target = AudioFiles.Create(wav, source.SampleRate, source.Channels, encoding, cancellationToken);
            float[] block = new float[BlockFrames * source.Channels];
            for (long left = export.Stretch.Frames; left > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int read = source.Read(block.AsSpan(0, (int)Math.Min(BlockFrames, left) * source.Channels));
                if (read == 0)
                {
                    break;
                }

                target.Write(block.AsSpan(0, read * source.Channels));
                left -= read;
            }

            target.Complete();
        }, cancellationToken);

    /// <summary>Makes a WAV file and encodes it; nothing stays where that fails.</summary>
    private MixFile Make(Job job, StemFiles files, ExportForm export, Action<string, string> write, CancellationToken cancellationToken)
    {
        string id = Id.New(), item = "mix " + id;
        disk.Reserve(item, Bytes(job.Audio!, export.Stretch));
        try
        {
            DataFolder.CreatePrivate(files.Mixes);
            string name = Path.Combine(files.Mixes, id);
            string wav = name + ".wav", target = $"{name}.{export.Format}";
            try
            {
                write(name, wav);
                if (target != wav)
                {
                    separator.Encode(wav, target, export.Format, cancellationToken);
                }

                return new MixFile(target, () => disk.Release(item));
            }
            catch
            {
                File.Delete(target);
                throw;
            }
            finally
            {
                if (target != wav)
                {
                    File.Delete(wav);
                }
            }
        }
        catch
        {
            disk.Release(item);
            throw;
        }
    }

    /// <summary>The mix in floats, as WAV and encoded: no format that is written takes more a sample than floats.</summary>
    private static long Bytes(JobAudio audio, Stretch stretch) => 3 * stretch.Frames * audio.Channels * sizeof(float);

    private static float Mix(JobAudio audio, StemFiles files, MixLevels levels, Stretch stretch, string target, CancellationToken cancellationToken)
    {
        WavReader?[] stems = new WavReader?[audio.Stems.Count];
        try
        {
            for (int i = 0; i < stems.Length; i++)
            {
                if (levels.Gains[i] != 0)
                {
                    stems[i] = WavReader.Open(files.Final(i, "wav"));
                    stems[i]!.Seek(stretch.From);
                }
            }
            using IAudioWriter mix = AudioFiles.Create(
                target, audio.SampleRate, audio.Channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, cancellationToken);
            float[] sum = new float[BlockFrames * audio.Channels], block = new float[sum.Length];
            float peak = 0;
            for (long frame = stretch.From; frame < stretch.To; frame += BlockFrames)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Array.Clear(sum);
                for (int i = 0; i < stems.Length; i++)
                {
                    if (stems[i] is not { } stem)
                    {
                        continue;
                    }

                    int samples = FullRead.Frames(stem, block) * audio.Channels;
                    (float left, float right) = levels.Sides(i);
                    for (int s = 0; s < samples; s++)
                    {
                        sum[s] += block[s] * (s % audio.Channels == 0 ? left : right);
                    }
                }
                Span<float> written = sum.AsSpan(0, (int)Math.Min(BlockFrames, stretch.To - frame) * audio.Channels);
                foreach (float sample in written)
                {
                    peak = Math.Max(peak, Math.Abs(sample));
                }

                mix.Write(written);
            }
            mix.Complete();
            return peak;
        }
        finally
        {
            foreach (WavReader? stem in stems)
            {
                stem?.Dispose();
            }
        }
    }
    /// <summary>A mix on its way to a client.</summary>
    private sealed class MixFile(string path, Action gone)
        : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous)
    {
        private Action? _gone = gone;

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Interlocked.Exchange(ref _gone, null)?.Invoke();
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync().ConfigureAwait(false);
            Interlocked.Exchange(ref _gone, null)?.Invoke();
        }
    }
}
