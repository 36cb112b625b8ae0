namespace Stemsharp.Tests.Music;

/// <summary>Sounds of 22,050 Hz in which there is no tempo, no key, or neither.</summary>
internal static class GeneratedSound
{
    public const int SampleRate = 22_050;
    private const int Seconds = 40;

    /// <summary>White noise whose loudness wanders.</summary>
    public static float[] Noise(int seed)
    {
        Random random = new(seed);
        double loudness = 0.3;
        return [.. Enumerable.Range(0, Seconds * SampleRate).Select(_ =>
        {
            loudness = Math.Clamp(loudness + (random.NextDouble() - 0.5) * 0.002, 0.05, 0.6);
            return (float)(loudness * (random.NextDouble() * 2 - 1));
        })];
    }

    /// <summary>Syllables of uneven length with pauses between phrases: pulses of a gliding pitch, and hiss.</summary>
    public static float[] Speech(int seed)
    {
        Random random = new(seed);
        float[] sound = new float[Seconds * SampleRate];
        double time = 0.2, pitch = 120, phase = 0;
        while (time < Seconds - 1)
        {
            double length = 0.08 + 0.25 * random.NextDouble(), aim = 85 + 90 * random.NextDouble(), loud = 0.1 + 0.3 * random.NextDouble();
            bool voiced = random.NextDouble() < 0.8;
            int first = (int)(time * SampleRate), count = (int)(length * SampleRate);
            for (int i = 0; i < count; i++)
            {
                pitch += (aim - pitch) * 0.0004;
                phase += pitch / SampleRate;
                double shape = Math.Sin(Math.PI * i / count), value = 0;
                for (int h = 1; h <= 12 && voiced; h++)
                {
                    value += Math.Sin(2 * Math.PI * h * phase) / (1 + Math.Abs(h - 5));
                }

                sound[first + i] = (float)(loud * shape * (voiced ? value / 2 : random.NextDouble() * 2 - 1));
            }

            time += length + (random.NextDouble() < 0.15 ? 0.3 + 0.9 * random.NextDouble() : 0.03 * random.NextDouble());
        }

        return sound;
    }

    /// <summary>Notes in free time: each lasts between a quarter of a second and over one, with no relation to the others.</summary>
    /// <param name="seed">Chooses.</param>
    /// <param name="scale">Semitones above C that are played.</param>
    public static float[] FreeTime(int seed, int[] scale)
    {
        Random random = new(seed);
        float[] sound = new float[Seconds * SampleRate];
        for (double time = 0.2; time < Seconds - 2;)
        {
            double length = 0.2 + random.NextDouble() * random.NextDouble() * 1.2, hertz = 261.6 * Math.Pow(2, scale[random.Next(scale.Length)] / 12.0);
            int first = (int)(time * SampleRate);
            for (int i = 0; i < 1.2 * SampleRate; i++)
            {
                double t = (double)i / SampleRate;
                double value = Math.Sin(2 * Math.PI * hertz * t) + Math.Sin(4 * Math.PI * hertz * t) / 2;
                sound[first + i] += (float)(0.2 * Math.Min(1, t / 0.005) * Math.Exp(-3 * t) * Math.Min(1, (1.2 - t) / 0.05) * value);
            }

            time += length;
        }

        return sound;
    }
}
