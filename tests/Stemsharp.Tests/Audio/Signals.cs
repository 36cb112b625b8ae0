using Stemsharp.Audio;

namespace Stemsharp.Tests.Audio;

/// <summary>Test signals and ways to read and write whole recordings.</summary>
internal static class Signals
{
    public static float[] Sine(int frames, double frequency, double rate, double amplitude = 0.5, double phase = 0)
    {
        float[] samples = new float[frames];
        for (int i = 0; i < frames; i++)
        {
            samples[i] = (float)(amplitude * Math.Sin(2 * Math.PI * frequency * i / rate + phase));
        }

        return samples;
    }

    public static float[] Noise(int samples, int seed, double amplitude = 0.5)
    {
        Random random = new(seed);
        float[] noise = new float[samples];
        for (int i = 0; i < samples; i++)
        {
            noise[i] = (float)(amplitude * (2 * random.NextDouble() - 1));
        }

        return noise;
    }

    /// <summary>Noise without anything above about an eighth of the rate, as codecs keep it well.</summary>
    public static float[] Music(int frames, int channels, int seed)
    {
        float[] noise = Noise(frames * channels, seed, 0.9);
        for (int pass = 0; pass < 3; pass++)
        {
            for (int c = 0; c < channels; c++)
            {
                float state = 0;
                for (int i = 0; i < frames; i++)
                {
                    ref float sample = ref noise[i * channels + c];
                    state += 0.35f * (sample - state);
                    sample = state;
                }
            }
        }

        return noise;
    }

    public static float[] ReadAll(IAudioReader reader, int blockFrames = 1000)
    {
        List<float> all = [];
        float[] block = new float[blockFrames * reader.Channels];
        int got;
        while ((got = reader.Read(block)) > 0)
        {
            all.AddRange(block.AsSpan(0, got * reader.Channels));
        }

        return [.. all];
    }

    public static void WriteAll(IAudioWriter writer, float[] samples, int blockFrames = 777)
    {
        using (writer)
        {
            int step = blockFrames * writer.Channels;
            for (int i = 0; i < samples.Length; i += step)
            {
                writer.Write(samples.AsSpan(i, Math.Min(step, samples.Length - i)));
            }

            writer.Complete();
        }
    }

    /// <summary>A reader over samples in memory.</summary>
    public sealed class Memory(float[] samples, int sampleRate, int channels) : IAudioReader
    {
        private int _position;
        public int SampleRate => sampleRate;
        public int Channels => channels;
        public long? Length => samples.Length / channels;

        public int Read(Span<float> interleaved)
        {
            int frames = Math.Min(interleaved.Length / channels, (samples.Length - _position) / channels);
            samples.AsSpan(_position, frames * channels).CopyTo(interleaved);
            _position += frames * channels;
            return frames;
        }

        public void Dispose() { }
    }
}

/// <summary>A folder that disappears with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
    public string File(string name) => System.IO.Path.Combine(Path, name);
    public string Write(string name, ReadOnlySpan<byte> content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
