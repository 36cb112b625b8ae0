using Stemsharp.Audio;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The demo model as a host gets it, the beginning of its song, and what Stemsharp's own engine makes of it.</summary>
internal static class DemoExport
{
    /// <summary>Two pieces, the second one short.</summary>
    private const int Samples = 150_000;

    private static readonly Lazy<Task<SeparationResult>> s_separated = new(SeparateAsync);

    /// <summary>Writes demo.onnx and demo.json.</summary>
    public static void Write(string folder, string graph)
    {
        // In a folder of its own: a JSON file beside a checkpoint changes the checkpoint's configuration.
        string model = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "model")).FullName, "demo.th");
        File.Copy(RepositoryFiles.DemoModel, model);
        ModelSource source = new ModelCatalog().ResolveAsync(model).GetAwaiter().GetResult();
        OnnxExporter.Export(source, folder, new OnnxExportOptions { Graph = Enum.Parse<OnnxGraphKind>(graph, ignoreCase: true) });
    }

    public static float[][] Mix()
    {
        float[] interleaved = Interleaved();
        return [.. Enumerable.Range(0, 2).Select(c => interleaved.Where((_, i) => i % 2 == c).ToArray())];
    }

    public static float[] Interleaved()
    {
        using IAudioReader reader = AudioFiles.Open(RepositoryFiles.Sample("song", "mix.wav"));
        float[] samples = new float[2 * Samples];
        for (int filled = 0, n; filled < samples.Length && (n = reader.Read(samples.AsSpan(filled))) > 0;)
        {
            filled += 2 * n;
        }

        return samples;
    }

    /// <summary>Holds stems against Stemsharp's own.</summary>
    /// <param name="stems">A stem's channel.</param>
    public static async Task CompareAsync(Func<string, int, float[]> stems)
    {
        SeparationResult truth = await s_separated.Value;
        Assert.Equal(6, truth.StemNames.Count);
        foreach (string stem in truth.StemNames)
        {
            for (int c = 0; c < 2; c++)
            {
                float[] ours = stems(stem, c);
                Assert.Equal(Samples, ours.Length);
                Assert.InRange(Separated.Snr(truth[stem][c], ours), 90, double.PositiveInfinity);
            }
        }
    }

    private static async Task<SeparationResult> SeparateAsync()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = RepositoryFiles.DemoModel });
        return await separator.SeparateAsync(AudioInput.FromSamples(Interleaved(), 44_100, 2));
    }
}
