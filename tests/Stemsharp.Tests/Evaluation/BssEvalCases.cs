using System.Text.Json;
using Stemsharp.Audio;
using Stemsharp.Evaluation;

namespace Stemsharp.Tests.Evaluation;

/// <summary>The signals of bss_eval_expected.py, bit for bit, and the scores it computed for them.</summary>
internal static class BssEvalCases
{
    private static readonly string[] s_songStems = ["drums", "bass", "vocals", "guitar"];

    /// <summary>A case's stems, named by their place, and their window of one second.</summary>
    public static (int SampleRate, StemPair[] Stems) Make(string name) => name switch
    {
        "noise" => Noise(silence: false),
        "silence" => Noise(silence: true),
        "song" => Song(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>The expected scores: frames [stem, frame, SDR ISR SIR SAR] and global [stem, SDR SI-SDR].</summary>
    public static JsonElement Expected(string name)
    {
        string path = RepositoryFiles.At("tests", "Stemsharp.Tests", "Evaluation", "bss_eval_expected.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.GetProperty(name).Clone();
    }

    public static double[] Noise(int seed, int length)
    {
        double[] values = new double[length];
        uint state = (uint)seed;
        for (int i = 0; i < length; i++)
        {
            state = unchecked(state * 1664525 + 1013904223);
            values[i] = (state >> 8) / 8388608.0 - 1;
        }

        return values;
    }

    public static EvaluationSignal Signal(int sampleRate, params double[][] channels) =>
        EvaluationSignal.FromSamples([.. channels.Select(channel => Array.ConvertAll(channel, value => (float)value))], sampleRate);

    private static double At(double[] signal, int index) => index < 0 ? 0 : signal[index];

    private static double[] Make(int length, Func<int, double> sample) => [.. Enumerable.Range(0, length).Select(sample)];

    private static (int, StemPair[]) Noise(bool silence)
    {
        const int length = 20000;
        double[] first = Noise(1, length), second = Noise(2, length), third = Noise(3, length);
        double held = 0;
        double[] smooth = Make(length, i => (float)(held = 0.5 * second[i] + 0.5 * held));
        double[] one = Make(length, i => 0.8 * At(first, i - 2) + 0.1 * smooth[i] + 0.01 * third[i]);
        double[] two = Make(length, i => 0.9 * smooth[i] + 0.05 * At(first, i - 700) + 0.02 * At(first, i - 30));
        if (silence)
        {
            Array.Clear(one, 8000, 8000);
        }

        return (8000, [new("0", Signal(8000, first), Signal(8000, one)), new("1", Signal(8000, smooth), Signal(8000, two))]);
    }

    private static (int, StemPair[]) Song()
    {
        const int rate = 44100, start = 44100, length = 3 * 44100;
        double[][][] references = [.. s_songStems.Select(stem => Read(stem, start, length))];
        double[][] total = [.. Enumerable.Range(0, 2).Select(c => Make(length, i => references.Sum(stem => stem[c][i])))];
        StemPair[] stems = new StemPair[references.Length];
        for (int j = 0; j < stems.Length; j++)
        {
            double[][] reference = references[j];
            double[] Estimate(int c)
            {
                double[] dither = Noise(10 * j + c + 1, length);
                return Make(length, i =>
                    0.9 * reference[c][i] + 0.2 * (i < 5 + c ? 0 : total[c][i - 5 - c] - reference[c][i - 5 - c]) + 0.002 * dither[i]);
            }

            stems[j] = new StemPair($"{j}", Signal(rate, reference), Signal(rate, Estimate(0), Estimate(1)));
        }

        return (rate, stems);
    }

    private static double[][] Read(string stem, int start, int length)
    {
        using IAudioReader reader = AudioFiles.Open(RepositoryFiles.Sample("song", stem + ".wav"));
        float[] interleaved = new float[2 * (start + length)];
        int filled = 0;
        for (int read = 1; read > 0 && 2 * filled < interleaved.Length; filled += read)
        {
            read = reader.Read(interleaved.AsSpan(2 * filled));
        }

        return [.. Enumerable.Range(0, 2).Select(c => Make(length, i => interleaved[2 * (start + i) + c]))];
    }
}
