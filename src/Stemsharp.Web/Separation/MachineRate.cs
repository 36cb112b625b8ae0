using System.Diagnostics;

namespace Stemsharp.Web.Separation;

/// <summary>Measures what a separator computes in a second, by separating noise with a network of full size that takes no files.</summary>
internal static class MachineRate
{
    /// <summary>The network.</summary>
    public const string Reference = "synthetic:htdemucs";

    /// <summary>The first piece has the code compiled, these are timed.</summary>
    private const int Pieces = 2;

    /// <summary>GFLOP of the network's own operations in a second, reading and overlap-add included.</summary>
    /// <param name="options">How the engine is opened; the model in it is not looked at.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<double> MeasureAsync(SeparatorOptions options, CancellationToken cancellationToken)
    {
        options = options with { Model = Reference, ModelFolder = null, Stems = null, Notices = null };
        Separator separator = await Separator.OpenAsync(options, ModelShelf.Catalog(offline: true), null, cancellationToken).ConfigureAwait(false);
        await using (separator.ConfigureAwait(false))
        {
            int stride = separator.StepFor(separator.Effective(null)).Stride;
            await RunAsync(1).ConfigureAwait(false);
            long began = Stopwatch.GetTimestamp();
            await RunAsync(Pieces).ConfigureAwait(false);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            return ModelWork.Of(Reference, null)!.Value * Pieces * stride / separator.SampleRate / seconds;

            async Task RunAsync(int pieces)
            {
                float[] noise = new float[2 * pieces * stride];
                Fill(noise);
                AudioInput input = AudioInput.FromSamples(noise, separator.SampleRate, 2, "noise");
                await separator.SeparateAsync(input, new Mute(), null, null, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void Fill(Span<float> noise)
    {
        Random random = new(1);
        foreach (ref float sample in noise)
        {
            sample = random.NextSingle() * 0.5f - 0.25f;
        }
    }

    /// <summary>Nobody hears it.</summary>
    private sealed class Mute : IStemSink
    {
        public void Begin(SeparationInfo info)
        {
        }

        public void Write(StemBlock block)
        {
        }
    }
}
