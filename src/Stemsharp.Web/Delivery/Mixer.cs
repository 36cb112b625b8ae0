using System.Globalization;
using Stemsharp.Client;
using Stemsharp.Web.Api;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Sound;

/// <summary>How loud and where each stem is in a mix.</summary>
/// <param name="Gains">Factor per stem, 0 to 4.</param>
/// <param name="Pans">−1 for the left, 1 for the right, per stem.</param>
internal sealed record MixLevels(float[] Gains, float[] Pans)
{
    public static MixLevels Parse(string? gains, string? pans, int stems) =>
        new(Numbers("gains", gains, stems, 1, 0, 4), Numbers("pans", pans, stems, 0, -1, 1));

    /// <summary>A balance: the side that the stem is turned away from gets softer, the other one stays.</summary>
    public (float Left, float Right) Sides(int stem) =>
        (Gains[stem] * Math.Min(1, 1 - Pans[stem]), Gains[stem] * Math.Min(1, 1 + Pans[stem]));

    private static float[] Numbers(string name, string? text, int count, float missing, float low, float high)
    {
        if (text is null)
        {
            return [.. Enumerable.Repeat(missing, count)];
        }

        string[] parts = text.Split(',', count + 1);
        float[] numbers = new float[count];
        bool valid = parts.Length == count;
        for (int i = 0; i < count && valid; i++)
        {
            valid = float.TryParse(parts[i], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out numbers[i])
                && numbers[i] >= low && numbers[i] <= high;
        }
        return valid ? numbers : throw new ApiError(
            ApiErrorKind.BadRequest, $"'{name}' has {count} numbers from {low} to {high}, one a stem, separated by commas.");
    }
}

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
        PcmFile?[] stems = new PcmFile?[audio.Stems.Count];
        try
        {
            for (int i = 0; i < stems.Length; i++)
            {
                if (levels.Gains[i] != 0)
                {
                    stems[i] = new PcmFile(files.Final(i, "wav"));
                }
            }
            using FloatWavWriter mix = new(target, audio.SampleRate, audio.Channels, audio.Frames);
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

                    int samples = stem.Read(frame, block) * audio.Channels;
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
            return peak;
        }
        finally
        {
            foreach (PcmFile? stem in stems)
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
