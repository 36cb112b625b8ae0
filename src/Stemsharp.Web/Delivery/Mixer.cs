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
    public FileStream Render(Job job, StemFiles files, MixLevels levels, string format, CancellationToken cancellationToken)
    {
        string id = Id.New(), item = "mix " + id;
        disk.Reserve(item, Bytes(job.Audio!));
        try
        {
            DataFolder.CreatePrivate(files.Mixes);
            string name = Path.Combine(files.Mixes, id);
            string floats = name + ".float.wav", wav = name + ".wav", target = $"{name}.{format}";
            try
            {
                float peak = Mix(job.Audio!, files, levels, floats, cancellationToken);
                separator.WriteStems(
                    [new WaitingStem("mix", floats, peak)], null, [wav], job.Settings with { ClipMode = "rescale", ExactSum = false }, cancellationToken);
                if (target != wav)
                {
                    separator.Encode(wav, target, format, cancellationToken);
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
                File.Delete(floats);
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
    private static long Bytes(JobAudio audio) => 3 * audio.Frames * audio.Channels * sizeof(float);

    private static float Mix(JobAudio audio, StemFiles files, MixLevels levels, string target, CancellationToken cancellationToken)
    {
        WavReader?[] stems = new WavReader?[audio.Stems.Count];
        try
        {
            for (int i = 0; i < stems.Length; i++)
            {
                if (levels.Gains[i] != 0)
                {
                    stems[i] = WavReader.Open(files.Final(i, "wav"));
                }
            }
            using IAudioWriter mix = AudioFiles.Create(
                target, audio.SampleRate, audio.Channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, cancellationToken);
            float[] sum = new float[BlockFrames * audio.Channels], block = new float[sum.Length];
            float peak = 0;
            for (long frame = 0; frame < audio.Frames; frame += BlockFrames)
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
                Span<float> written = sum.AsSpan(0, (int)Math.Min(BlockFrames, audio.Frames - frame) * audio.Channels);
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
