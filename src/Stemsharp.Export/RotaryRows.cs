namespace Stemsharp.Export;

/// <summary>The order of packed projections in which rotary positions turn two halves of a head's channels.</summary>
internal static class RotaryRows
{
    /// <summary>Rows of queries and keys: of each head the even ones, then the odd ones. Values as they are.</summary>
    /// <param name="from">[3·inner, columns]: queries, keys, values.</param>
    /// <param name="to">The same in the other order.</param>
    /// <param name="columns">Channels that go in.</param>
    /// <param name="inner">Channels of all heads.</param>
    /// <param name="width">Channels of a head, an even number.</param>
    public static void Halve(float[] from, float[] to, int columns, int inner, int width)
    {
        for (int row = 0; row < 3 * inner; row++)
        {
            int at = row % width, half = width / 2, source = row < 2 * inner ? row - at + (at < half ? 2 * at : 2 * (at - half) + 1) : row;
            from.AsSpan(source * columns, columns).CopyTo(to.AsSpan(row * columns));
        }
    }
}
