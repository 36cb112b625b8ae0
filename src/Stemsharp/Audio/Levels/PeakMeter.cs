using System.Numerics.Tensors;

namespace Stemsharp.Audio;

/// <summary>The largest magnitude of a recording, and whether all of it is finite numbers.</summary>
internal sealed class PeakMeter
{
    /// <summary>Largest magnitude of the finite blocks so far; 0 when there were none.</summary>
    public float Peak { get; private set; }

    /// <summary>Whether a block held NaN or an infinity.</summary>
    public bool HasNonFinite { get; private set; }

    /// <summary>Takes the next samples, of any number of channels.</summary>
    public void Add(ReadOnlySpan<float> samples)
    {
        if (samples.IsEmpty)
        {
            return;
        }

        float peak = Math.Abs(TensorPrimitives.MaxMagnitude(samples));
        if (float.IsFinite(peak))
        {
            Peak = Math.Max(Peak, peak);
        }
        else
        {
            HasNonFinite = true;
        }
    }
}
