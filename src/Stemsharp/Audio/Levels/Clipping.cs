using System.Numerics.Tensors;

namespace Stemsharp.Audio;

/// <summary>What happens to samples beyond full scale before they are written.</summary>
public enum ClipMode
{
    /// <summary>The whole recording is divided by max(1.01 · peak, 1).</summary>
    Rescale,

    /// <summary>Samples are cut to ±0.99.</summary>
    Clamp,

    /// <summary>Every sample becomes its hyperbolic tangent.</summary>
    Tanh,

    /// <summary>Nothing: integer formats cut to their range, float formats keep the samples.</summary>
    None,
}

/// <summary>Applies a <see cref="ClipMode"/>.</summary>
internal static class Clipping
{
    private const float Limit = 0.99f;

    /// <summary>The factor that <see cref="ClipMode.Rescale"/> multiplies with.</summary>
    /// <param name="peak">Largest magnitude of the recording, or of all recordings that share one gain.</param>
    public static float RescaleGain(float peak) => 1 / Math.Max(1.01f * peak, 1);

    /// <summary>Changes samples in place.</summary>
    /// <param name="samples">Any number of channels.</param>
    /// <param name="mode">What to do.</param>
    /// <param name="gain">For <see cref="ClipMode.Rescale"/>: the factor of <see cref="RescaleGain"/>.</param>
    public static void Apply(Span<float> samples, ClipMode mode, float gain = 1)
    {
        switch (mode)
        {
            case ClipMode.Rescale:
                if (gain != 1)
                {
                    TensorPrimitives.Multiply(samples, gain, samples);
                }

                break;
            case ClipMode.Clamp:
                TensorPrimitives.Clamp(samples, -Limit, Limit, samples);
                break;
            case ClipMode.Tanh:
                TensorPrimitives.Tanh(samples, samples);
                break;
            case ClipMode.None:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(mode));
        }
    }
}
