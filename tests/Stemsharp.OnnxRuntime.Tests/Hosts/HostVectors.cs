using System.Text.Json;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The inputs of docs/vectors/onnx.json, and a network of plain arithmetic for checking the contract alone.</summary>
internal static class HostVectors
{
    /// <summary>Samples of a segment of the tiny golden model.</summary>
    public const int Length = 85_995;

    public const int SongSamples = 150_000;

    public static string Model => RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    /// <summary>A song by the recipe: input "song", [2, n].</summary>
    public static float[][] Song()
    {
        float[] values = VectorRecipe.Values("song", 2 * SongSamples);
        return [values[..SongSamples], values[SongSamples..]];
    }

    /// <summary>Stem s = (s + 1)·window + i/L: shows every error of place or weight.</summary>
    public static float[] Arithmetic(float[] window)
    {
        float[] stems = new float[4 * window.Length];
        for (int i = 0; i < stems.Length; i++)
        {
            stems[i] = (i / window.Length + 1) * window[i % window.Length] + (float)(i % Length) / Length;
        }

        return stems;
    }

    /// <summary>What Stemsharp's own separator makes of a song with an engine for the tiny model: [S·2][n].</summary>
    public static async Task<float[][]> SeparateAsync(Func<Network, IEngine> engine, float[][] mix) =>
        await SeparateAsync(new SeparatorOptions { Model = Model, Backends = [new TestBackend((network, _) => engine(network))], Engine = TestBackend.BackendName }, mix);

    /// <summary>Writes cut.json, how the tiny model cuts a song, as MODEL.json has it.</summary>
    public static void WriteCut(string folder)
    {
        using JsonDocument definition = JsonDocument.Parse(DefinitionJson.ToText(FamilyTable.All.Open(Model).Definition.At(Length)));
        File.WriteAllText(Path.Combine(folder, "cut.json"), definition.RootElement.GetProperty("cut").GetRawText());
    }

    /// <summary><see cref="Arithmetic"/> as an engine.</summary>
    public static IEngine ArithmeticEngine(Network network) => new FunctionEngine(network.Definition, Arithmetic);

    public static async Task<float[][]> SeparateAsync(SeparatorOptions options, float[][] mix)
    {
        await using Separator separator = await Separator.OpenAsync(options);
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(Interleave(mix), 44_100, 2));
        return [.. result.StemNames.SelectMany(stem => result[stem])];
    }

    public static float[] Interleave(float[][] mix) => [.. mix[0].Zip(mix[1], (l, r) => new[] { l, r }).SelectMany(pair => pair)];
}
