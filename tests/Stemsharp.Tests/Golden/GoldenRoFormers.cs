using Stemsharp.Graph;
using Stemsharp.Model;

namespace Stemsharp.Tests.Golden;

/// <summary>How the golden data of RoFormers is compared with what an engine gives, whichever engine it is.</summary>
internal static class GoldenRoFormers
{
    public const string Folder = "roformer";

    /// <summary>The channels that a case's truth has: as many samples as the original gives, of the stems that its file names.</summary>
    /// <param name="network">The network.</param>
    /// <param name="golden">The case's file.</param>
    /// <param name="name">The case.</param>
    /// <param name="stems">What an engine gave, [S, C, L].</param>
    public static IEnumerable<ReadOnlyMemory<float>> Parts(CheckpointNetwork network, GoldenTensors golden, string name, float[] stems)
    {
        int channels = network.Definition.Channels, samples = stems.Length / channels / network.Definition.Stems.Length, given = golden[$"stems.{name}"].Shape[^1];
        string[] stored = golden.Metadata.TryGetValue("stems", out string? names) ? names.Split(',') : [.. network.Definition.Stems];
        return stored.SelectMany(stem => Enumerable.Range(0, channels).Select(c =>
            (ReadOnlyMemory<float>)stems.AsMemory((network.Definition.Stems.IndexOf(stem) * channels + c) * samples, given)));
    }

    /// <summary>Taps that lie as values of the graph do; what the others are has no node of its own.</summary>
    public static IEnumerable<string> Taps(GoldenTensors golden) =>
        golden.Names.Where(n => n is not ("mix" or "stems" or "stft") && !n.StartsWith("mask_estimators", StringComparison.Ordinal));

    /// <summary>The node whose output a tap is.</summary>
    public static string NodeOf(CheckpointNetwork network, string tap)
    {
        string[] parts = tap.Split('.');
        return tap switch
        {
            "mask.0" => "mask",
            "band_split" => "band_split.bands",
            "final_norm" => tap,
            _ when parts.Length == 6 => tap + (parts[5] == "0" ? ".to_out.0" : ".net.4"),
            _ => network.Family.StartsWith("Mel", StringComparison.Ordinal) ? $"{tap}.norm" : $"{tap}.layers.0.residual2",
        };
    }

    /// <summary>A tap as the graph's value lies: [D, K, T] or [2·S, F, T], of the first stem.</summary>
    public static float[] Arrange(GoldenTensor tap, Shape shape, string name)
    {
        int channels = shape.Channels, rows = shape.Rows, frames = shape.Last;
        bool isMask = name == "mask.0", alongTime = name.StartsWith("layers.", StringComparison.Ordinal) && name.Split('.')[2] == "0";
        float[] result = new float[shape.Elements];
        for (int c = 0; c < channels; c++)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int t = 0; t < frames; t++)
                {
                    // Stems beyond the first are not stored: they repeat it and are not compared.
                    int source = isMask ? ((r * 2 + c % 4 / 2) * frames + t) * 2 + c % 2
                        : alongTime ? (r * frames + t) * channels + c
                        : (t * rows + r) * channels + c;
                    result[(c * rows + r) * frames + t] = tap.Values[source];
                }
            }
        }

        return isMask ? result[..(4 * rows * frames)] : result;
    }

    /// <summary>A copy of a checkpoint and its YAML.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="model">The checkpoint's name.</param>
    /// <param name="change">Changes the YAML.</param>
    public static string Copy(string folder, string model, Func<string, string> change)
    {
        string path = Path.Combine(folder, model);
        File.Copy(RepositoryFiles.Golden(Folder, model), path, overwrite: true);
        File.WriteAllText(Path.ChangeExtension(path, ".yaml"), change(File.ReadAllText(Path.ChangeExtension(RepositoryFiles.Golden(Folder, model), ".yaml"))));
        return path;
    }

    /// <summary>The YAML of a case: some are of tracks that are normalised.</summary>
    public static string YamlOf(string name, string yaml) => name.EndsWith("normalize", StringComparison.Ordinal)
        ? yaml.Replace("num_overlap: 2", "num_overlap: 2\n  normalize: true", StringComparison.Ordinal).Replace("normalize: false", "", StringComparison.Ordinal)
        : yaml;

    /// <summary>The overlap of a case; null for the configuration's.</summary>
    public static double? OverlapOf(string name) => name.StartsWith("ov", StringComparison.Ordinal) ? 1 - 1.0 / (name[2] - '0') : null;
}
