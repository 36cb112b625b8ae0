using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Files;

/// <summary>
/// Finishes a song whose files add up to the mix: stems and mix have waited, and now that all levels are known, one gain
/// is chosen and the residual assigned.
/// </summary>
internal sealed class ExactSumFinish
{
    private const int BlockFrames = 1 << 13;
    private readonly FilePlan _plan;
    private readonly SampleFormat _format;

    /// <param name="plan">What was asked for.</param>
    public ExactSumFinish(FilePlan plan)
    {
        _plan = plan;
        _format = plan.Files[0].Encoding.SampleFormat;
    }

    /// <summary>The gain of stems and mix; 1 for none.</summary>
    public float Gain { get; private set; } = 1;

    /// <summary>How deep the mix cancels against the model's stems, and against the files, in dB.</summary>
    public NullDepth NullDecibels { get; private set; }

    /// <summary>Writes all files.</summary>
    /// <param name="stems">The files' samples.</param>
    /// <param name="mix">The mix.</param>
    /// <param name="open">Opens the writer of a file.</param>
    /// <param name="cancellationToken">Stops.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(
        IReadOnlyList<IWaitingSamples> stems, IWaitingSamples mix, Func<int, IAudioWriter> open, CancellationToken cancellationToken)
    {
        // Whatever fits stays as it is, so that the stems of a 16-bit file add up to that file. Floats always fit.
        bool fits = _format.IsFloat() || (mix.Peak <= 1 && stems.All(s => s.Peak <= 1));
        Gain = fits ? 1 : ExactSum.SharedGain(mix.Peak, stems.Select(s => s.Peak));

        EncodingOptions encoding = _plan.Files[0].Encoding;
        ExactSum sum = new(_format, stems.Count, _plan.Residual!.Value, encoding.Dither, encoding.DitherSeed);
        Quantiser? rounding = _format.IsFloat() ? null : new Quantiser(_format.Bits(), dither: false, seed: 0);
        NullMeter before = new(), after = new();
        IAudioWriter[] writers = [.. stems.Select((_, i) => open(i))];
        float[] target = new float[BlockFrames * _plan.Channels];
        int[] steps = new int[target.Length];
        float[][] samples = [.. stems.Select(_ => new float[target.Length])];
        for (int read; (read = mix.Read(target)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < samples.Length; i++)
            {
                // Resampled stems may end a few frames before the mix.
                int got = stems[i].Read(samples[i].AsSpan(0, read));
                samples[i].AsSpan(got, read - got).Clear();
            }

            Memory<float>[] blocks = [.. samples.Select(s => s.AsMemory(0, read))];
            ReadOnlyMemory<float>[] readable = [.. blocks];
            before.Add(target.AsSpan(0, read), readable);
            sum.Apply(target.AsSpan(0, read), blocks, Gain);
            Round(target.AsSpan(0, read), rounding, steps);
            after.Add(target.AsSpan(0, read), readable);
            for (int i = 0; i < samples.Length; i++)
            {
                writers[i].Write(samples[i].AsSpan(0, read));
            }
        }

        NullDecibels = new NullDepth(before.DepthDecibels, after.DepthDecibels);
    }

    /// <summary>The mix as a file of the same format would hold it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Round(Span<float> mix, Quantiser? rounding, int[] steps)
    {
        for (int n = 0; n < mix.Length; n++)
        {
            mix[n] *= Gain;
        }

        if (rounding is null)
        {
            return;
        }

        rounding.Quantise(mix, steps);
        for (int n = 0; n < mix.Length; n++)
        {
            mix[n] = (float)Math.ScaleB(steps[n], 1 - _format.Bits());
        }
    }
}
