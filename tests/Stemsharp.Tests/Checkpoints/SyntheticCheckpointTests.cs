using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public class SyntheticCheckpointTests
{
    [Fact]
    public void First_values_are_those_of_the_recipe()
    {
        using SyntheticCheckpoint checkpoint = FamilyTable.All.OpenSynthetic("synthetic:htdemucs");
        float[] values = new float[48 * 4 * 8];
        checkpoint.Find("encoder.0.conv.weight", [48, 4, 8, 1]).CopyTo(values);
        double scale = Math.Sqrt(3.0 / 32);
        double[] expected = [0.53721535, -0.85821307, -0.34737051, 0.17589509];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal((float)(Half)(expected[i] * scale), values[i]);
        }
    }

    [Theory]
    [InlineData("synthetic:htdemucs", 533, 41_984_456)]
    [InlineData("synthetic:htdemucs_6s", 525, 27_414_996)]
    public void Architectures_have_the_official_parameters(string name, int tensors, long elements)
    {
        using SyntheticCheckpoint checkpoint = FamilyTable.All.OpenSynthetic(name);
        CheckpointNetwork network = FamilyTable.All.Read(checkpoint);
        string[] six = ["drums", "bass", "other", "vocals", "guitar", "piano"];
        Assert.Equal(name.EndsWith("6s", StringComparison.Ordinal) ? six : six[..4], network.Definition.Stems);
        Assert.Equal(343_980, network.Definition.Cut.Samples);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        Assert.Equal(tensors, graph.Parameters.Count);
        Assert.Equal(elements, graph.Parameters.Sum(p => p.Shape.Elements));
        _ = new CheckpointWeights(checkpoint, network, graph);
    }

    [Theory]
    [InlineData("a.bias", new[] { 5000 })]
    [InlineData("a.scale", new[] { 4097 })]
    [InlineData("freq_emb.embedding.weight", new[] { 64, 65 })]
    [InlineData("norm.weight", new[] { 33 })]
    [InlineData("linear.weight", new[] { 257, 1031 })]
    public void Values_are_halves_rounded_once(string name, int[] shape)
    {
        SyntheticTensor tensor = new(name, shape);
        float[] floats = new float[tensor.Count];
        Half[] halves = new Half[tensor.Count];
        tensor.CopyTo(floats);
        Assert.True(tensor.TryCopyTo(halves));
        double scale = shape.Length > 1 && name != "freq_emb.embedding.weight" ? Math.Sqrt(3.0 / shape[1]) : 0;
        for (int i = 0; i < floats.Length; i++)
        {
            double v = 2 * (Bits(name, i) / 16777216.0) - 1;
            double exact = name switch
            {
                "a.bias" => 0.05 * v,
                "a.scale" => 0.5 + 0.25 * v,
                "norm.weight" => 1 + 0.1 * v,
                "freq_emb.embedding.weight" => 0.1 * v,
                _ => v * scale,
            };
            Assert.Equal((Half)exact, halves[i]);
            Assert.Equal((float)halves[i], floats[i]);
        }
    }

    // The recipe, written as the documentation states it.
    private static ulong Bits(string name, int i)
    {
        ulong h = 0xCBF29CE484222325;
        foreach (char c in name)
        {
            h = (h ^ c) * 0x100000001B3;
        }

        return SplitMix64.At(h, i) >> 40;
    }

    [Fact]
    public void Unknown_synthetic_names_are_refused_with_the_known_ones()
    {
        ModelException e = Assert.Throws<ModelException>(() => FamilyTable.All.OpenSynthetic("synthetic:demucs"));
        Assert.Contains("synthetic:htdemucs, synthetic:htdemucs_6s, synthetic:hdemucs_mmi", e.Message, StringComparison.Ordinal);
    }
}
