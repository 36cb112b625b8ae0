namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// The passes of a complex Fourier transform of a product of 2, 3 and 5, in place: samples in natural order in, bins in
/// the order of <see cref="Places"/> out.
/// </summary>
internal sealed class FourierPasses
{
    public FourierPasses(int size)
    {
        Size = size;
        List<FourierPass> passes = [];
        for (int length = size; length > 1;)
        {
            int radix = Array.Find([8, 4, 2, 5, 3], r => length % r == 0);
            if (radix == 0)
            {
                throw new ArgumentOutOfRangeException(nameof(size), size, "Only products of 2, 3 and 5 are known.");
            }

            passes.Add(new FourierPass(length, radix));
            length /= radix;
        }

        Passes = [.. passes];
        Places = new int[size];
        for (int bin = 0; bin < size; bin++)
        {
            int place = 0, rest = bin;
            foreach (FourierPass pass in Passes)
            {
                place += rest % pass.Radix * (pass.Length / pass.Radix);
                rest /= pass.Radix;
            }

            Places[bin] = place;
        }
    }

    /// <summary>Complex points.</summary>
    public int Size { get; }

    public FourierPass[] Passes { get; }

    /// <summary>Where the transform leaves bin k.</summary>
    public int[] Places { get; }
}

/// <summary>One pass over blocks of <see cref="Length"/> points: butterflies of <see cref="Radix"/> points, then twiddles.</summary>
internal sealed class FourierPass
{
    public FourierPass(int length, int radix)
    {
        (Length, Radix) = (length, radix);
        int columns = length / radix, i = 0;
        Twiddles = new double[columns * (radix - 1) * 2];
        for (int column = 0; column < columns; column++)
        {
            for (int row = 1; row < radix; row++)
            {
                // The exact quotient of small integers.
                (double sin, double cos) = Math.SinCos(-2 * Math.PI * (column * (long)row % length) / length);
                Twiddles[i++] = cos;
                Twiddles[i++] = sin;
            }
        }
    }

    public int Length { get; }

    public int Radix { get; }

    /// <summary>[column][row − 1][cos, sin]: what row r of column c is multiplied by.</summary>
    public double[] Twiddles { get; }
}
