namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>Packs narrow unsigned numbers without gaps, from the least significant bit up.</summary>
internal static class BitPacking
{
    public static byte[] Pack(ReadOnlySpan<byte> values, int bits)
    {
        byte[] packed = new byte[((long)values.Length * bits + 7) / 8];
        long bit = 0;
        foreach (byte value in values)
        {
            int shift = (int)(bit & 7);
            int wide = value << shift;
            packed[bit >> 3] |= (byte)wide;
            if (shift + bits > 8)
            {
                packed[(bit >> 3) + 1] |= (byte)(wide >> 8);
            }

            bit += bits;
        }

        return packed;
    }
}
