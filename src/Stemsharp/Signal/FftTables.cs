using System.Numerics;
using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>
/// The numbers of a complex FFT of a product of 2, 3 and 5: its radices, twiddle factors and output order. Decimation in
/// frequency: samples in natural order in, bins in the order of <see cref="PositionOf"/> out, in place.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class FftTables<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FftTables(int size)
    {
        Size = size;
        List<FftPass<T>> passes = [];
        for (int length = size; length > 1;)
        {
            FftPass<T> pass = new(length, RadixOf(length));
            passes.Add(pass);
            length /= pass.Radix;
        }

        Passes = [.. passes];
        PositionOf = new int[size];
        for (int bin = 0; bin < size; bin++)
        {
            int position = 0, rest = bin;
            foreach (FftPass<T> pass in Passes)
            {
                position += rest % pass.Radix * (pass.Length / pass.Radix);
                rest /= pass.Radix;
            }

            PositionOf[bin] = position;
        }
    }

    /// <summary>Complex points.</summary>
    public int Size { get; }

    public FftPass<T>[] Passes { get; }

    /// <summary>Where the transform leaves bin k.</summary>
    public int[] PositionOf { get; }

    // The odd ones first, while there are many columns to a call; then eights, as long as there are three twos left.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int RadixOf(int length)
    {
        foreach (int radix in (ReadOnlySpan<int>)[5, 3])
        {
            if (length % radix == 0)
            {
                return radix;
            }
        }

        return int.IsPow2(length) ? Math.Min(length, 8) : throw new ArgumentOutOfRangeException(nameof(length), length, "Not a product of 2, 3 and 5.");
    }
}

/// <summary>One pass over blocks of <see cref="Length"/> points: butterflies of <see cref="Radix"/> points, then twiddles.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class FftPass<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FftPass(int length, int radix)
    {
        Length = length;
        Radix = radix;
        int columns = length / radix;
        Twiddles = new T[columns * (radix - 1) * 2];
        int i = 0;
        for (int column = 0; column < columns; column++)
        {
            for (int row = 1; row < radix; row++)
            {
                // The exact quotient of small integers, so that each factor is the number nearest to the truth.
                (double sin, double cos) = Math.SinCos(-2 * Math.PI * (column * (long)row % length) / length);
                Twiddles[i++] = T.CreateTruncating(cos);
                Twiddles[i++] = T.CreateTruncating(sin);
            }
        }
    }

    public int Length { get; }

    public int Radix { get; }

    /// <summary>[column][row − 1][cos, sin]: what row r of column c is multiplied by.</summary>
    public T[] Twiddles { get; }
}
