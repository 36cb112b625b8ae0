namespace Stemsharp.Web.Delivery;

/// <summary>How loud and where each stem is in a mix.</summary>
/// <param name="Gains">Factor per stem, 0 to 4.</param>
/// <param name="Pans">−1 for the left, 1 for the right, per stem.</param>
internal sealed record MixLevels(float[] Gains, float[] Pans)
{
    /// <summary>A balance: the side that the stem is turned away from gets softer, the other one stays.</summary>
    public (float Left, float Right) Sides(int stem) =>
        (Gains[stem] * Math.Min(1, 1 - Pans[stem]), Gains[stem] * Math.Min(1, 1 + Pans[stem]));
}
