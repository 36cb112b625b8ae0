using System.Globalization;
using System.Text.Json;
using Stemsharp.Export.Onnx;
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

        Check("contract", 1e-5, [.. (await HostVectors.SeparateAsync(shape => new ArithmeticEngine(shape), HostVectors.Song())).SelectMany(c => c)]);
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
        float[][] outputs = [.. session.Outputs.Select(o => new float[o.Elements])];
        session.Run([.. session.Inputs.Select(i => (ReadOnlyMemory<float>)VectorRecipe.Values(i.Name, (int)i.Elements))], [.. outputs.Select(o => (Memory<float>)o)], default);
        return outputs;
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

    private static async Task WriteAsync()
    {
        using Checkpoints.Checkpoint checkpoint = Checkpoints.Checkpoint.Open(HostVectors.Model);
        Model.HTDemucsConfig config = Model.HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = Model.HTDemucs.Build(config, HostVectors.Length);
        CheckpointWeights weights = new(checkpoint, config, graph);
        Inference.SegmentShape shape = new(4, 2, config.Bins, config.Frames(HostVectors.Length), HostVectors.Length);
        ReferenceEngine reference = new(graph, weights, shape);
        float[] spectrograms = new float[shape.SpectrogramsLength], waveforms = new float[shape.WaveformsLength];
        reference.Run(VectorRecipe.Values("spectrogram", shape.SpectrogramLength), VectorRecipe.Values("waveform", shape.WaveformLength), spectrograms, waveforms, default);
        float[] stems = Separated.By(new ReferenceEngine(graph, weights, shape), VectorRecipe.Values("mix", shape.WaveformLength));
        float[][] song = await HostVectors.SeparateAsync(_ => new ReferenceEngine(graph, weights, shape), HostVectors.Song());
        float[][] contract = await HostVectors.SeparateAsync(s => new ArithmeticEngine(s), HostVectors.Song());
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
