namespace Stemsharp.Tests.Golden;

/// <summary>Inputs that are hard in one way each, all short.</summary>
internal static class MadeInputs
{
    public const int Rate = 44_100;

    /// <summary>The names, for theories.</summary>
    public static IEnumerable<string> Names => All.Keys;

    private static readonly Dictionary<string, Func<AudioInput>> All = new()
    {
        ["silence"] = () => Stereo(20_000, (_, _) => 0),
        ["impulse"] = () => Stereo(20_000, (i, c) => i == 9_000 && c == 0 ? 1 : 0),
        ["sines"] = () => Stereo(30_000, (i, c) => 0.4 * Sine(i, 220 * (c + 1)) + 0.3 * Sine(i, 3_000) + 0.2 * Sine(i, 15_000)),
        ["clipped noise"] = () => Stereo(25_000, (i, c) => Math.Clamp(3 * Noise(i, c), -1, 1)),
        ["very quiet"] = () => Stereo(25_000, (i, c) => 1e-6 * Noise(i, c)),
        ["one channel only"] = () => Stereo(25_000, (i, c) => c == 0 ? 0.5 * Noise(i, c) : 0),
        ["direct current"] = () => Stereo(20_000, (i, _) => 0.5 + 0.01 * Sine(i, 100)),
        ["chirps"] = () => Stereo(40_000, (i, c) => 0.5 * Math.Sin(2 * Math.PI * i * (double)i * (c + 1) / Rate / 8)),
        ["music-like"] = () => Stereo(60_000, Music),
        ["longer than a segment"] = () => Stereo(90_000, Music),
        ["48 kHz, one channel"] = () => Make(24_000, 48_000, 1, Music),
        ["8 kHz"] = () => Make(6_000, 8_000, 2, Music),
        ["5.1"] = () => Make(24_000, 48_000, 6, (i, c) => Music(i, c) * (1 - 0.1 * c)),
        ["one sample"] = () => Stereo(1, (_, _) => 0.5),
    };

    public static AudioInput Get(string name) => All[name]();

    private static AudioInput Stereo(int frames, Func<int, int, double> sample) => Make(frames, Rate, 2, sample);

    private static AudioInput Make(int frames, int rate, int channels, Func<int, int, double> sample)
    {
        float[] interleaved = new float[frames * channels];
        for (int i = 0; i < interleaved.Length; i++)
        {
            interleaved[i] = (float)sample(i / channels, i % channels);
        }

        return AudioInput.FromSamples(interleaved, rate, channels);
    }

    private static double Sine(int i, double hertz) => Math.Sin(2 * Math.PI * hertz * i / Rate);

    private static double Noise(int i, int channel)
    {
        uint hash = ((uint)i * 2_654_435_761u) ^ ((uint)channel * 40_503u);
        hash = (hash ^ (hash >> 15)) * 2_246_822_519u;
        hash = (hash ^ (hash >> 13)) * 3_266_489_917u;
        return (hash ^ (hash >> 16)) / (double)uint.MaxValue * 2 - 1;
    }

    /// <summary>A chord, a beat and a bass with their own envelopes.</summary>
    private static double Music(int i, int channel)
    {
        double beat = Math.Exp(-(i % 11_025) / 800.0), note = Math.Exp(-(i % 22_050) / 9_000.0);
        double chord = Sine(i, 261.6) + Sine(i, 329.6 + 0.3 * channel) + Sine(i, 392);
        return 0.3 * beat * Noise(i, channel) + 0.12 * note * chord + 0.25 * note * Sine(i, 65.4);
    }
}
