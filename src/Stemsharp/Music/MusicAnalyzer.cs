using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Music;

/// <summary>
/// Estimates tempo, beats, bars and key of a song from its stems or from the mix. It reads once, front to back; memory is 9 kB
/// for a second of the song.
/// </summary>
public static class MusicAnalyzer
{
    /// <summary>Estimates below this confidence are not told: noise, speech and free tempo stay below it.</summary>
    public const double LeastConfidence = 0.3;

    /// <summary>The regularity up to which there is no tempo: noise, speech and notes in free time come to 0.06, music to 0.4 and more.</summary>
    private const double IrregularSound = 0.08;
    private const int BlockFrames = 1 << 14;

    /// <summary>Estimates from a mix.</summary>
    /// <param name="mix">Read to its end; of any rate from 8 kHz on and any channels; not disposed.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="AudioException">The song can't be read.</exception>
    /// <exception cref="OptionException">The rate is below 8 kHz.</exception>
    public static MusicAnalysis Analyze(IAudioReader mix, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mix);
        return Analyze([new MusicPart(mix, MusicRole.Mix)], cancellationToken);
    }

    /// <summary>Estimates from parts that together are a song: beats are looked for in the drums above all, the key without them.</summary>
    /// <param name="parts">At least one; all of one rate and read to their end; not disposed.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="AudioException">A part can't be read.</exception>
    /// <exception cref="OptionException">There are no parts, their rates differ, or the rate is below 8 kHz.</exception>
    public static MusicAnalysis Analyze(IReadOnlyList<MusicPart> parts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
        {
            throw new OptionException("There is nothing to analyze; give at least one part.");
        }

        int sampleRate = parts[0].Reader.SampleRate;
        if (parts.FirstOrDefault(part => part.Reader.SampleRate != sampleRate) is { } other)
        {
            throw new OptionException($"The parts have sample rates of {sampleRate} and {other.Reader.SampleRate} Hz; give parts of one song, all of one rate.");
        }

        if (sampleRate < 8000)
        {
            throw new OptionException($"A sample rate of {sampleRate} Hz is too low to analyze; 8000 Hz and more are valid.");
        }

        OnsetEnvelope onsets = new(sampleRate);
        ChromaFrames chroma = new(sampleRate);
        Read(parts, onsets, chroma, cancellationToken);
        (float[] all, float[] low) = onsets.End();
        (float[][] classes, float[] loudness) = chroma.End();
        return Conclude(all, low, onsets.HopSeconds, classes, loudness, chroma.HopSeconds);
    }

    private static MusicAnalysis Conclude(float[] onsets, float[] low, double onsetHop, float[][] chroma, float[] loudness, double chromaHop)
    {
        KeyEstimate? key = KeyFinder.Find(chroma, loudness) is (int tonic, MusicMode mode, double sure) && sure >= LeastConfidence
            ? new KeyEstimate(tonic, mode, sure)
            : null;
        float[] prepared = BeatTracker.Prepare(onsets, onsetHop);
        if (Tempogram.Find(prepared, onsetHop) is not { } path)
        {
            return new MusicAnalysis(null, null, key);
        }

        double confidence = Math.Clamp((path.Regularity - IrregularSound) / 0.25, 0, 1);
        double[] beats = [.. BeatTracker.Track(prepared, path.Periods).Select(beat => beat * onsetHop)];
        beats = new BeatPhase(onsets, low, onsetHop, chroma, chromaHop).Correct(beats);
        if (confidence < LeastConfidence || BeatGrid.Fit(beats) is not { } grid)
        {
            return new MusicAnalysis(null, null, key);
        }

        MeterEstimate? meter = MeterFinder.Find(grid.Beats, onsets, low, onsetHop, chroma, chromaHop) is (int bar, int first, double certain) && certain >= LeastConfidence
            ? new MeterEstimate(bar, first, certain)
            : null;
        return new MusicAnalysis(new TempoEstimate(grid.Bpm, grid.SlowestBpm, grid.FastestBpm, grid.IsSteady, grid.Beats, confidence), meter, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(IReadOnlyList<MusicPart> parts, OnsetEnvelope onsets, ChromaFrames chroma, CancellationToken cancellationToken)
    {
        float[] rhythm = new float[BlockFrames], harmony = new float[BlockFrames], mono = new float[BlockFrames];
        float[][] blocks = [.. parts.Select(part => new float[BlockFrames * part.Reader.Channels])];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Array.Clear(rhythm);
            Array.Clear(harmony);
            int longest = 0;
            for (int p = 0; p < parts.Count; p++)
            {
                IAudioReader reader = parts[p].Reader;
                int frames = Fill(reader, blocks[p]);
                longest = Math.Max(longest, frames);
                Mono(blocks[p], reader.Channels, mono.AsSpan(0, frames));
                (float forRhythm, float forHarmony) = parts[p].Role.Weights();
                TensorPrimitives.MultiplyAdd(mono.AsSpan(0, frames), forRhythm, rhythm.AsSpan(0, frames), rhythm.AsSpan(0, frames));
                TensorPrimitives.MultiplyAdd(mono.AsSpan(0, frames), forHarmony, harmony.AsSpan(0, frames), harmony.AsSpan(0, frames));
            }

            if (longest == 0)
            {
                return;
            }

            onsets.Add(rhythm.AsSpan(0, longest));
            chroma.Add(harmony.AsSpan(0, longest));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Fill(IAudioReader reader, float[] block)
    {
        int filled = 0;
        for (int read; filled < BlockFrames && (read = reader.Read(block.AsSpan(filled * reader.Channels))) > 0; filled += read)
        {
        }

        return filled;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mono(float[] block, int channels, Span<float> mono)
    {
        for (int i = 0; i < mono.Length; i++)
        {
            float sum = 0;
            for (int c = 0; c < channels; c++)
            {
                sum += block[i * channels + c];
            }

            // What is no number would spread over everything.
            mono[i] = float.IsFinite(sum) ? sum / channels : 0;
        }
    }
}
