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
            ulong z = hash + (ulong)(i + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
            z = (z ^ z >> 27) * 0x94D049BB133111EB;
            z ^= z >> 31;
            values[i] = (float)((z >> 40) / 16777216.0 - 0.5);
        }

        return values;
    }
}
