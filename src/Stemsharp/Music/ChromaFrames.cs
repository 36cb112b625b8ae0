using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// Which pitch classes sound, about ten times a second: the peaks of a long spectrum, by their place in the octave. Below 65 Hz are
/// bass drums, above 800 Hz more overtones than notes. Kept in steps of 20 cents until the tuning is known.
/// </summary>
internal sealed class ChromaFrames
{
    private const int Steps = 60;
    private const double LowestHertz = 65, HighestHertz = 800, MiddleC = 261.6255653;

    /// <summary>Peaks this far below a frame's largest are noise.</summary>
    private const float Floor = 0.02f;
    private readonly MagnitudeFrames _frames;
    private readonly int _lowestBin;
    private readonly double _hertz;
    private readonly List<float[]> _chroma = [];
    private readonly List<float> _loudness = [];

    public ChromaFrames(int sampleRate)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(sampleRate / 3.5));
        _hertz = (double)sampleRate / size;
        _lowestBin = (int)(LowestHertz / _hertz);
        int bins = (int)Math.Min(size / 2, HighestHertz / _hertz);
        _frames = new MagnitudeFrames(size, size / 4, bins, Take);
        HopSeconds = size / 4.0 / sampleRate;
    }

    /// <summary>Seconds from frame to frame.</summary>
    public double HopSeconds { get; }

    /// <summary>Takes the next mono samples.</summary>
    public void Add(ReadOnlySpan<float> samples) => _frames.Add(samples);

    /// <summary>Each frame's twelve pitch classes from C on, its largest 1, or nothing but 0 in silence; and the frames' loudness.</summary>
    public (float[][] Chroma, float[] Loudness) End()
    {
        _frames.End();
        int tuning = Tuning();
        return ([.. _chroma.Select(frame => Fold(frame, tuning))], [.. _loudness]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(float[] magnitudes)
    {
        float[] chroma = new float[Steps];
        float largest = 0;
        for (int k = _lowestBin; k < magnitudes.Length - 1; k++)
        {
            largest = Math.Max(largest, magnitudes[k]);
        }

        for (int k = Math.Max(1, _lowestBin); k < magnitudes.Length - 1 && largest > 1e-4f; k++)
        {
            float here = magnitudes[k];
            if (here < magnitudes[k - 1] || here <= magnitudes[k + 1] || here < Floor * largest)
            {
                continue;
            }

            // A parabola through the logarithms finds the top between the bins.
            double left = Math.Log(magnitudes[k - 1] + 1e-12), middle = Math.Log(here), right = Math.Log(magnitudes[k + 1] + 1e-12);
            double hertz = (k + 0.5 * (left - right) / (left - 2 * middle + right)) * _hertz;
            int step = (int)Math.Round(Math.Log2(hertz / MiddleC) * Steps) % Steps;
            chroma[step < 0 ? step + Steps : step] += MathF.Sqrt(here);
        }

        _chroma.Add(chroma);
        _loudness.Add(largest);
    }

    /// <summary>Steps, −2 … 2, by which the song is sharper than 440 Hz.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Tuning()
    {
        double[] weights = new double[5];
        foreach (float[] frame in _chroma)
        {
            for (int step = 0; step < Steps; step++)
            {
                weights[step % 5] += frame[step];
            }
        }

        // The centre of the distribution around the circle of a semitone.
        double x = 0, y = 0;
        for (int i = 0; i < 5; i++)
        {
            x += weights[i] * Math.Cos(2 * Math.PI * i / 5);
            y += weights[i] * Math.Sin(2 * Math.PI * i / 5);
        }

        return (int)Math.Round(Math.Atan2(y, x) / (2 * Math.PI) * 5);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[] Fold(float[] frame, int tuning)
    {
        float[] chroma = new float[12];
        for (int step = -2; step < Steps - 2; step++)
        {
            chroma[(step + 2) / 5] += frame[(step + tuning + 2 * Steps) % Steps];
        }

        float largest = chroma.Max();
        return largest > 0 ? [.. chroma.Select(value => value / largest)] : chroma;
    }
}
