using Stemsharp.Audio;

namespace Stemsharp.Cli.Comparison;

/// <summary>One segment of sound for both sides of a comparison, [C, L].</summary>
internal static class ComparedAudio
{
    /// <summary>Reads a segment from a file; what the file lacks is silence.</summary>
    /// <exception cref="AudioException">It has another rate or other channels than the side takes, or ends before the part.</exception>
    internal static float[] Read(string file, TimeSpan start, ComparedSide side, CancellationToken cancellationToken)
    {
        using IAudioReader reader = AudioFiles.Open(file, cancellationToken: cancellationToken);
        if (reader.Channels != side.Channels)
        {
            throw new AudioException($"{file} has {reader.Channels} channels; {side.Channels} are needed.") { Failure = AudioFailure.Unsupported };
        }

        if (side.SampleRate > 0 && reader.SampleRate != side.SampleRate)
        {
            throw new AudioException($"{file} has {reader.SampleRate} Hz; {side.SampleRate} are needed.") { Failure = AudioFailure.Unsupported };
        }

        float[] interleaved = new float[side.Samples * side.Channels];
        for (long left = (long)(start.TotalSeconds * reader.SampleRate) * side.Channels, n; left > 0; left -= n)
        {
            n = (long)reader.Read(interleaved.AsSpan(0, (int)Math.Min(left, interleaved.Length))) * side.Channels;
            if (n == 0)
            {
                throw new AudioException($"{file} ends before {start.TotalSeconds} s.") { Failure = AudioFailure.NoSamples };
            }
        }

        int filled = 0;
        for (int n; filled < interleaved.Length && (n = reader.Read(interleaved.AsSpan(filled))) > 0;)
        {
            filled += n * side.Channels;
        }

        if (filled == 0)
        {
            throw new AudioException($"{file} has no samples at {start.TotalSeconds} s.") { Failure = AudioFailure.NoSamples };
        }

        float[] mix = new float[interleaved.Length];
        for (int i = 0; i < mix.Length; i++)
        {
            mix[i % side.Channels * side.Samples + i / side.Channels] = interleaved[i];
        }

        return mix;
    }

    /// <summary>The true stem from a folder of files called by their stems.</summary>
    /// <exception cref="AudioException">There is none.</exception>
    internal static float[] Truth(string folder, string stem, TimeSpan start, ComparedSide side, CancellationToken cancellationToken)
    {
        string? file = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"{stem}.*").Where(path => SpecialFile.TypeOf(path) == FileType.Regular).Order(StringComparer.Ordinal).FirstOrDefault() : null;
        return file is null
            ? throw new AudioException($"{folder} has no file {stem}.wav; the true stems are called by their names.") { Failure = AudioFailure.NotFound }
            : Read(file, start, side, cancellationToken);
    }

    /// <summary>The same noise every time.</summary>
    internal static float[] Noise(ComparedSide side)
    {
        Random random = new(1);
        float[] noise = new float[side.Channels * side.Samples];
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] = 0.2f * (random.NextSingle() + random.NextSingle() - 1);
        }

        return noise;
    }
}
