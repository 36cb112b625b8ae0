using Stemsharp.Simd;

namespace Stemsharp.Tests;

/// <summary>The inputs of all published test vectors: the recipe of synthetic weights, with the input's name as the key and scale 0.5. docs/coreml.md has it in Python.</summary>
internal static class VectorRecipe
{
    public static float[] Values(string name, int count)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)((SplitMix64.At(hash, i) >> 40) / 16777216.0 - 0.5);
        }

        return values;
    }
}
