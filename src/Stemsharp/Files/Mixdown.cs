using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Files;

/// <summary>What one file holds: a weighted sum of a model's stems and the mix.</summary>
/// <param name="Name">The stem's name in the file name.</param>
/// <param name="Weights">A weight for each stem that the separation gives.</param>
/// <param name="MixWeight">The mix's weight.</param>
internal sealed record Mixdown(string Name, IReadOnlyList<float> Weights, float MixWeight = 0)
{
    /// <summary>One stem as it is.</summary>
    public static Mixdown Single(string stem, IReadOnlyList<string> stems) => Sum(stem, stems, s => s == stem);

    /// <summary>Some stems added up.</summary>
    public static Mixdown Sum(string name, IReadOnlyList<string> stems, Func<string, bool> included) =>
        new(name, [.. stems.Select(s => included(s) ? 1f : 0f)]);

    /// <summary>The mix less a stem.</summary>
    public static Mixdown Without(string name, string stem, IReadOnlyList<string> stems) =>
        new(name, [.. stems.Select(s => s == stem ? -1f : 0f)], MixWeight: 1);

    /// <summary>Which file takes what the others lack to the mix, unless one is named: the one that holds the most sorts of sound.</summary>
    /// <param name="names">Names of the files, at least one.</param>
    public static string DefaultResidual(IReadOnlyList<string> names) =>
        names.FirstOrDefault(n => n == "other" || n.StartsWith("no_", StringComparison.Ordinal) || n.StartsWith("minus_", StringComparison.Ordinal))
        ?? names[^1];

    /// <summary>The tracks of a Traktor stem file: the mix and four stems.</summary>
    /// <exception cref="OptionException">One of the four has no source.</exception>
    public static IReadOnlyList<Mixdown> Traktor(IReadOnlyList<string> stems)
    {
        int[] places = TraktorStemFile.Fold(stems);
        return
        [
            new Mixdown("mix", [.. stems.Select(_ => 0f)], MixWeight: 1),
            .. TraktorStemFile.Stems.Select((name, place) => new Mixdown(name, [.. places.Select(p => p == place ? 1f : 0f)])),
        ];
    }

    /// <summary>Adds up a block.</summary>
    /// <param name="block">Stems and mix.</param>
    /// <param name="destination">Length × channels samples, channels interleaved; overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Mix(SeparatedBlock block, Span<float> destination)
    {
        List<(float Weight, float[][] Source)> terms = [];
        if (MixWeight != 0)
        {
            terms.Add((MixWeight, block.Mix));
        }

        terms.AddRange(Weights.Select((weight, stem) => (weight, block.Stems[stem])).Where(t => t.weight != 0));
        int channels = block.Mix.Length;
        int done = channels == 2 && Vector256.IsHardwareAccelerated && BitConverter.IsLittleEndian ? MixPairs(terms, block.Length, destination) : 0;
        for (int i = done; i < block.Length; i++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                float sum = 0;
                foreach ((float weight, float[][] source) in terms)
                {
                    sum += weight * source[channel][i];
                }

                destination[i * channels + channel] = sum;
            }
        }
    }

    // The same for two channels and eight frames at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int MixPairs(List<(float Weight, float[][] Source)> terms, int frames, Span<float> destination)
    {
        int i = 0;
        for (; i <= frames - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> left = Vector256<float>.Zero, right = Vector256<float>.Zero;
            foreach ((float weight, float[][] source) in terms)
            {
                left += Vector256.Create(weight) * Vector256.Create(source[0].AsSpan(i));
                right += Vector256.Create(weight) * Vector256.Create(source[1].AsSpan(i));
            }

            (Vector256<ulong> l0, Vector256<ulong> l1) = Vector256.Widen(left.AsUInt32());
            (Vector256<ulong> r0, Vector256<ulong> r1) = Vector256.Widen(right.AsUInt32());
            (l0 | (r0 << 32)).AsSingle().CopyTo(destination[(2 * i)..]);
            (l1 | (r1 << 32)).AsSingle().CopyTo(destination[(2 * i + 8)..]);
        }

        return i;
    }
}
