using System.Globalization;
using System.Text.Json;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>
/// docs/vectors/onnx.json: what hosts are checked with on devices that are not here. The networks' values are in
/// double precision; STEMSHARP_WRITE_VECTORS=1 writes the file anew.
/// </summary>
public class HostVectorTests
{
    private const int Step = 7919;

    private static string File => RepositoryFiles.At("docs", "vectors", "onnx.json");

    [Fact]
    public async Task The_songs_are_what_the_separator_gives()
    {
        if (Environment.GetEnvironmentVariable("STEMSHARP_WRITE_VECTORS") == "1")
        {
            await WriteAsync();
        }

        Check("contract", 1e-5, [.. (await HostVectors.SeparateAsync(HostVectors.ArithmeticEngine, HostVectors.Song())).SelectMany(c => c)]);
        Check("song", 1e-3, [.. (await HostVectors.SeparateAsync(new SeparatorOptions { Model = HostVectors.Model }, HostVectors.Song())).SelectMany(c => c)]);
    }

    [OnnxRuntimeFact]
    public void The_runs_are_what_exported_graphs_give()
    {
        using Exported waveform = new(HostVectors.Model, new OnnxGraphOptions());
        using Exported spectrogram = new(HostVectors.Model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        Check("waveform.stems", 1e-3, Run(waveform.Path)[0]);
        float[][] outputs = Run(spectrogram.Path);
        Check("spectrogram.spectrograms", 1e-3, outputs[0]);
        Check("spectrogram.waveforms", 1e-3, outputs[1]);
    }

    private static float[][] Run(string path)
    {
        using OnnxSession session = new(OnnxRuntimeLibrary.Load(), path);
        return session.Run([.. session.Inputs.Select(i => VectorRecipe.Values(i.Name, i.Elements()))]);
    }

    private static void Check(string name, double tolerance, float[] output)
    {
        using JsonDocument vectors = JsonDocument.Parse(System.IO.File.ReadAllBytes(File));
        JsonElement entry = vectors.RootElement.GetProperty("outputs").GetProperty(name);
        double rms = entry.GetProperty("rms").GetDouble();
        double[] values = [.. entry.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())];
        Assert.NotEmpty(values);
        Assert.Equal(rms, Math.Sqrt(output.Average(v => (double)v * v)), tolerance * rms);
        Assert.All(values.Index(), v => Assert.Equal(v.Item, output[v.Index * Step], tolerance * rms));
    }

    // Both branches, of inputs by the recipe.
    private static unsafe (float[] Spectrograms, float[] Waveforms) Interpret(CheckpointNetwork network)
    {
        using InterpretedRuntime runtime = new(network);
        INetworkSession session = runtime.Arrange(HostVectors.Length, 1)[0];
        foreach (NetworkPort port in network.Definition.Inputs)
        {
            int length = Elements(port);
            VectorRecipe.Values(port.Name, length).CopyTo(new Span<float>(session.Input(port.Role), length));
        }

        session.Run(default);
        float[][] outputs = [.. network.Definition.Outputs.Select(port => new Span<float>(session.Output(port.Role), Elements(port)).ToArray())];
        return (outputs[0], outputs[1]);

        int Elements(NetworkPort port) => network.Definition.ShapeOf(port, HostVectors.Length).Aggregate(1, (n, d) => n * d);
    }

    private static async Task WriteAsync()
    {
        CheckpointNetwork network = FamilyTable.All.Open(HostVectors.Model);
        (float[] spectrograms, float[] waveforms) = Interpret(network);
        using IEngine reference = InterpretedRuntime.Engine(network);
        float[] stems = Separated.By(reference, network.Definition, VectorRecipe.Values("mix", 2 * HostVectors.Length));
        float[][] song = await HostVectors.SeparateAsync(InterpretedRuntime.Engine, HostVectors.Song());
        float[][] contract = await HostVectors.SeparateAsync(HostVectors.ArithmeticEngine, HostVectors.Song());
        string Output(IEnumerable<float> data) =>
            $$"""{ "rms": {{Math.Sqrt(data.Average(v => (double)v * v)).ToString("R", CultureInfo.InvariantCulture)}}, "values": [{{string.Join(", ", data.Where((_, i) => i % Step == 0).Take(64).Select(v => v.ToString("G9", CultureInfo.InvariantCulture)))}}] }""";
        await System.IO.File.WriteAllTextAsync(File, $$"""
            {
              "model": "tests/golden/tiny4/tiny4-cf67fb40.th",
              "inputs": "element i of the input called name, row-major: h = FNV-1a 64 of name; z = SplitMix64's finaliser of h + (i + 1)*0x9E3779B97F4A7C15; value = (z >> 40)/2^24 - 0.5",
              "step": {{Step}},
              "segment_samples": {{HostVectors.Length}},
              "song_samples": {{HostVectors.SongSamples}},
              "outputs": {
                "contract": {{Output(contract.SelectMany(c => c))}},
                "waveform.stems": {{Output(stems)}},
                "spectrogram.spectrograms": {{Output(spectrograms)}},
                "spectrogram.waveforms": {{Output(waveforms)}},
                "song": {{Output(song.SelectMany(c => c))}}
              }
            }

            """);
    }
}
