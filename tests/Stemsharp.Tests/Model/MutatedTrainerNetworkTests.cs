using System.Text;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Model;

/// <summary>
/// Hundreds of damaged checkpoints and configurations: each is a network or is refused with a <see cref="ModelException"/>; none makes
/// another error, hangs, or has anything run.
/// </summary>
public sealed class MutatedTrainerNetworkTests : IDisposable
{
    private const string RoFormers = "roformer", Grids = "mdx23c-scnet";
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-mutated-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(RoFormers, "bs1.ckpt", 120)]
    [InlineData(RoFormers, "mel4.ckpt", 80)]
    [InlineData(RoFormers, "mel1.safetensors", 80)]
    [InlineData(Grids, "mdxc1.ckpt", 100)]
    [InlineData(Grids, "mdxcb.ckpt", 80)]
    [InlineData(Grids, "sc4.ckpt", 80)]
    [InlineData(Grids, "sc1.safetensors", 80)]
    public void A_damaged_checkpoint(string folder, string model, int rounds)
    {
        byte[] good = File.ReadAllBytes(RepositoryFiles.Golden(folder, model));
        string path = Path.Combine(_folder, model);
        File.Copy(Path.ChangeExtension(RepositoryFiles.Golden(folder, model), ".yaml"), Path.ChangeExtension(path, ".yaml"));
        Random random = new(20261130);
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            byte[] bad = [.. good];

            // The head, the directory at the end, or anywhere; sometimes a part is missing.
            int span = round % 3 == 1 ? bad.Length : Math.Min(60_000, bad.Length), start = round % 3 == 2 ? bad.Length - span : 0;
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                bad[start + random.Next(span)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, round % 10 == 9 ? bad[..random.Next(bad.Length)] : bad);
            refused += IsRefused(path) ? 1 : 0;
        }

        Assert.True(refused > rounds / 4, $"{refused} of {rounds} were refused.");
    }

    [Theory]
    [InlineData(RoFormers, "bs1")]
    [InlineData(RoFormers, "mel1")]
    [InlineData(Grids, "mdxc4")]
    [InlineData(Grids, "sc4")]
    public void A_damaged_configuration(string folder, string model)
    {
        string checkpoint = Directory.EnumerateFiles(RepositoryFiles.Golden(folder), $"{model}.*").First(f => Path.GetExtension(f) is ".ckpt" or ".safetensors" && Path.GetFileNameWithoutExtension(f) == model);
        string path = Path.Combine(_folder, Path.GetFileName(checkpoint)), yaml = Path.ChangeExtension(path, ".yaml");
        File.Copy(checkpoint, path);
        byte[] good = File.ReadAllBytes(Path.ChangeExtension(checkpoint, ".yaml"));
        Random random = new(7);
        byte[] marks = "-:[]{}&*!|>%@`'\"#,\n\t\0 0e.x"u8.ToArray();
        int refused = 0;
        for (int round = 0; round < 200; round++)
        {
            List<byte> bad = [.. good];
            for (int n = random.Next(1, 8); n > 0; n--)
            {
                int at = random.Next(bad.Count);
                switch (random.Next(4))
                {
                    case 0: bad[at] = marks[random.Next(marks.Length)]; break;
                    case 1: bad.RemoveRange(at, Math.Min(random.Next(1, 40), bad.Count - at)); break;
                    case 2: bad.InsertRange(at, bad[at..Math.Min(bad.Count, at + random.Next(1, 40))]); break;
                    default: bad[at] = (byte)random.Next(256); break;
                }
            }

            File.WriteAllBytes(yaml, [.. bad]);
            refused += IsRefused(path) ? 1 : 0;
        }

        Assert.True(refused > 50, $"{refused} of 200 were refused.");
    }

    [Theory]
    [InlineData("!!python/object/apply:os.system [\"touch {0}\"]", "no code is ever run")]
    [InlineData("!!python/name:os.system ''", "no code is ever run")]
    [InlineData("!!python/object/new:subprocess.Popen {{args: [touch, {0}]}}", "no code is ever run")]
    [InlineData("&a [*a, *a]", "alias")]
    [InlineData("[[[[[[[[[[[[1]]]]]]]]]]]]", "nested too deeply")]
    public void A_configuration_that_names_code_is_not_used(string value, string expected)
    {
        string path = Path.Combine(_folder, "bs1.ckpt"), made = Path.Combine(_folder, "made");
        File.Copy(RepositoryFiles.Golden(RoFormers, "bs1.ckpt"), path);
        File.WriteAllText(Path.ChangeExtension(path, ".yaml"), $"model:\n  freqs_per_bands: {string.Format(null, CompositeFormat.Parse(value), made)}\n");
        Assert.Contains(expected, Assert.Throws<ModelException>(() => FamilyTable.All.Open(path)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(made));
    }

    // Everything but the engine: configuration, graph, tensors compared and read.
    private static bool IsRefused(string path)
    {
        try
        {
            CheckpointNetwork network = FamilyTable.All.Open(path);
            Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
            using INetworkWeights weights = network.OpenWeights(graph);
            foreach (Graph.Parameter parameter in graph.Parameters)
            {
                weights.Read(parameter, new float[parameter.Shape.Elements]);
            }

            return false;
        }
        catch (ModelException)
        {
            return true;
        }
    }
}
