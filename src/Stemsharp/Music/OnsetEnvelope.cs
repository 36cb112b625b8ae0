using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// How strongly something begins, a hundred times a second: the rise of the magnitudes' square roots in 40 bands against the largest of
/// the neighbouring bands 20 ms before, so that vibrato is no onset (spectral flux; S. Böck, G. Widmer, "Maximum filter vibrato
/// suppression for onset detection", DAFx 2013).
/// </summary>
internal sealed class OnsetEnvelope
{
    /// <summary>Values in a second.</summary>
    public const int Rate = 100;

    private const int Bands = 40;
    private const int Lag = 2;
    private const double LowestHertz = 30, HighestHertz = 16_000, LowHertz = 140;

    private readonly MagnitudeFrames _frames;
    private readonly int[] _edges;
    private readonly int _lowBands;
    private readonly float[][] _past = [.. Enumerable.Range(0, Lag + 1).Select(_ => new float[Bands])];
    private readonly List<float> _all = [], _low = [];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public OnsetEnvelope(int sampleRate)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(sampleRate / 30));
        double hertz = (double)sampleRate / size, ratio = Math.Min(HighestHertz, 0.49 * sampleRate) / LowestHertz;
        // Bands narrower than a bin are a bin wide.
        _edges = new int[Bands + 1];
        for (int i = 0; i <= Bands; i++)
        {
            int edge = (int)Math.Round(LowestHertz * Math.Pow(ratio, (double)i / Bands) / hertz);
            _edges[i] = i == 0 ? Math.Max(1, edge) : Math.Max(_edges[i - 1] + 1, edge);
        }

        _lowBands = Math.Max(1, _edges.Count(edge => edge * hertz < LowHertz));
        _frames = new MagnitudeFrames(size, sampleRate / Rate, _edges[^1], Take);
        HopSeconds = (double)(sampleRate / Rate) / sampleRate;
    }

    /// <summary>Seconds from value to value: 0.01, or what whole samples come next to it.</summary>
    public double HopSeconds { get; }

    /// <summary>Takes the next mono samples.</summary>
    public void Add(ReadOnlySpan<float> samples) => _frames.Add(samples);

    /// <summary>The envelopes of all bands and of those below 140 Hz.</summary>
    public (float[] All, float[] Low) End()
    {
        _frames.End();
        return ([.. _all], [.. _low]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(float[] magnitudes)
    {
        float[] now = _past[_all.Count % (Lag + 1)], before = _past[(_all.Count + 1) % (Lag + 1)];
        for (int band = 0; band < Bands; band++)
        {
            float sum = 0;
            for (int k = _edges[band]; k < _edges[band + 1]; k++)
            {
                sum += magnitudes[k] * magnitudes[k];
            }

            now[band] = MathF.Sqrt(MathF.Sqrt(sum));
        }

        float all = 0, low = 0;
        for (int band = 0; band < Bands; band++)
        {
            float reference = Math.Max(before[band], Math.Max(before[Math.Max(0, band - 1)], before[Math.Min(Bands - 1, band + 1)]));
            float rise = Math.Max(0, now[band] - reference);
            all += rise;
            low += band < _lowBands ? rise : 0;
        }

        _all.Add(all);
        _low.Add(low);
    }
}
