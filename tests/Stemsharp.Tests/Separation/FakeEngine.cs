using Stemsharp.Inference;

namespace Stemsharp.Tests.Separation;

/// <summary>
/// A network that anyone can compute: stem s is the waveform times a ramp over the segment, bent. What it gives depends on
/// where in the segment a sample lies, so that a wrong offset, padding or weight shows.
/// </summary>
internal sealed class FakeEngine(SegmentShape shape, Func<int, double, double, double>? formula = null) : ISegmentEngine
{
    private readonly Func<int, double, double, double> _formula = formula ?? Bent;

    public SegmentShape Shape => shape;

    public string Description => "fake";

    public int Runs { get; private set; }

    public bool Disposed { get; private set; }

    /// <summary>Called before each run.</summary>
    public Action<CancellationToken>? Before { get; init; }

    /// <summary>Stem s of a sample x at the relative position t of the segment.</summary>
    public static double Bent(int stem, double x, double t) => x * (0.2 + stem + t) + 0.1 * x * x + 0.01 * (t - 0.5);

    public void Run(
        ReadOnlySpan<float> spectrogram,
        ReadOnlySpan<float> waveform,
        Span<float> spectrograms,
        Span<float> waveforms,
        CancellationToken cancellationToken)
    {
        Before?.Invoke(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Runs++;
        spectrograms.Clear();
        for (int s = 0; s < shape.Stems; s++)
        {
            for (int c = 0; c < shape.Channels; c++)
            {
                for (int i = 0; i < shape.Samples; i++)
                {
                    waveforms[(s * shape.Channels + c) * shape.Samples + i] =
                        (float)_formula(s, waveform[c * shape.Samples + i], (double)i / shape.Samples);
                }
            }
        }
    }

    public void Dispose() => Disposed = true;
}
