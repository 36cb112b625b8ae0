using System.Globalization;
using System.Text.Json;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Signal;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>
/// docs/vectors/coreml.json: inputs by a recipe and the outputs' values in double precision, so that a package
/// can be confirmed on a device without any audio code. STEMSHARP_WRITE_VECTORS=1 writes the file anew.
/// </summary>
public class PackageVectorTests
{
    private const int Step = 7919;

    [Fact]
    public void The_published_vectors_are_the_networks_and_a_package_gives_them()
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        TransformDefinition transform = network.Definition.Transform!;
        float[] spectrogram = VectorRecipe.Values("spectrogram", 4 * transform.Bins * transform.Frames(network.Samples)), waveform = VectorRecipe.Values("waveform", 2 * network.Samples);
        double[][] truth = new Interpreter(network.Graph, network.Weights).Run([[.. spectrogram.Select(v => (double)v)], [.. waveform.Select(v => (double)v)]]);
        string path = RepositoryFiles.At("docs", "vectors", "coreml.json");
        if (Environment.GetEnvironmentVariable("STEMSHARP_WRITE_VECTORS") == "1")
        {
            Write(path, truth);
        }

        using JsonDocument vectors = JsonDocument.Parse(File.ReadAllBytes(path));
        using TemporaryPackage temporary = network.Export(new CoreMLExportOptions { Precision = CoreMLPrecision.Float32 });
        using Package package = Package.Open(temporary.Path);
        float[][] ours = new ProgramInterpreter(package).Run([spectrogram, waveform]);
        string[] names = ["spectrograms", "waveforms"];
        for (int i = 0; i < names.Length; i++)
        {
            JsonElement entry = vectors.RootElement.GetProperty("outputs").GetProperty(names[i]);
            double[] values = [.. entry.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())];
            double rms = entry.GetProperty("rms").GetDouble();
            Assert.Equal(Math.Sqrt(truth[i].Average(v => v * v)), rms, 1e-6 * rms);
            Assert.All(values.Index(), v => Assert.Equal(truth[i][v.Index * Step], v.Item, 1e-5 * rms));
            Assert.All(values.Index(), v => Assert.Equal(ours[i][v.Index * Step], v.Item, 1e-3 * rms));
        }
    }

    private static void Write(string path, double[][] truth)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string Output(double[] data) => $$"""{ "rms": {{Math.Sqrt(data.Average(v => v * v)).ToString("R", CultureInfo.InvariantCulture)}}, "values": [{{string.Join(", ", data.Where((_, i) => i % Step == 0).Take(64).Select(v => v.ToString("G9", CultureInfo.InvariantCulture)))}}] }""";
        File.WriteAllText(path, $$"""
            {
              "model": "tests/golden/tiny4/tiny4-cf67fb40.th",
              "inputs": "element i of the input called name, row-major: h = FNV-1a 64 of name; z = SplitMix64's finaliser of h + (i + 1)*0x9E3779B97F4A7C15; value = (z >> 40)/2^24 - 0.5",
              "step": {{Step}},
              "outputs": {
                "spectrograms": {{Output(truth[0])}},
                "waveforms": {{Output(truth[1])}}
              }
            }

            """);
    }
}
