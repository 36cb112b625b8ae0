using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Inference;
using Stemsharp.Separation;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>A track through HDemucs, Demucs and a bag of both, cut as the original's apply_model cuts it.</summary>
public sealed class DemucsPipelineTests(ITestOutputHelper output) : IDisposable
{
    private readonly GoldenTensors _golden = GoldenTensors.Open(GoldenDemucs.Folder, "apply.safetensors");
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-bag-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Segments_of_the_hybrid_network_go_in_at_their_own_length() => Check("hd4", GoldenDemucs.File("hd4"), null);

    [Fact]
    public void Segments_of_the_time_only_network_are_filled_with_their_surroundings() => Check("dm4", GoldenDemucs.File("dm4"), null);

    [Fact]
    public void Segments_may_be_longer_than_the_trained_ones() => Check("dm4.segment0.2", GoldenDemucs.File("dm4"), 0.2);

    [Fact]
    public void A_bag_mixes_classes_and_its_segment_goes_over_theirs()
    {
        foreach (string name in (string[])["hd4", "dm4"])
        {
            File.Copy(GoldenDemucs.File(name), Path.Combine(_folder, Path.GetFileName(GoldenDemucs.File(name))));
        }

        File.Copy(RepositoryFiles.Golden(GoldenDemucs.Folder, "hd4dm4.yaml"), Path.Combine(_folder, "hd4dm4.yaml"));
        Check("bag", Path.Combine(_folder, "hd4dm4.yaml"), null);
    }

    [Fact]
    public async Task A_bag_with_another_segment_has_another_fingerprint()
    {
        string path = Path.Combine(_folder, "dm4.yaml");
        File.Copy(GoldenDemucs.File("dm4"), Path.Combine(_folder, Path.GetFileName(GoldenDemucs.File("dm4"))));
        List<string> seen = [];
        foreach (string segment in (string[])["", "segment: 0.25", "segment: 0.5"])
        {
            File.WriteAllText(path, $"models: ['dm4']\n{segment}\n");
            ModelSource source = await new ModelCatalog().ResolveAsync(path);
            seen.Add(source.ComputeFingerprint());
            Assert.Equal(segment.Length == 0 ? 4778 / 44100.0 : segment.EndsWith("25", StringComparison.Ordinal) ? 0.25 : 0.5, source.SegmentSeconds, 4);
        }

        Assert.Equal(3, seen.Distinct().Count());
        File.WriteAllText(path, "models: ['dm4']\nsegment: -1\n");
        ModelException error = await Assert.ThrowsAsync<ModelException>(() => new ModelCatalog().ResolveAsync(path));
        Assert.Contains("'segment' is -1", error.Message, StringComparison.Ordinal);
    }

    private void Check(string name, string model, double? segment)
    {
        GoldenTensor mix = _golden["mix"];
        int length = mix.Shape[1];
        using SeparatorEngines engines = new(GoldenModel.Source(model), new SeparatorOptions { Threads = 2 }, NullLogger.Instance);
        Track track = new(name, _ => new MemoryReader(GoldenModel.Interleave(mix), 44_100, 2));
        float[][] stems = [.. Enumerable.Range(0, 8).Select(_ => new float[length])];
        SeparationSettings settings = new() { Normalization = TrackNormalization.None, SegmentSamples = segment is { } seconds ? (int)(44_100 * seconds) : null };
        new TrackSeparator(track, TrackStatistics.Measure(track.Open(default), default), new Bag(engines.Members, [0, 1, 2, 3]), settings).Run(
            block =>
            {
                for (int i = 0; i < 8; i++)
                {
                    block.Stems[i / 2][i % 2].AsSpan(0, block.Length).CopyTo(stems[i].AsSpan((int)block.Start));
                }
            },
            _ => { },
            default);
        double snr = GoldenDemucs.Snr(_golden, name, [.. stems.Select(channel => (ReadOnlyMemory<float>)channel)]);
        double original = GoldenDemucs.Original(_golden, name);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
        GoldenDemucs.CheckLoudness(_golden, $"{name}.rms", [.. stems.SelectMany(s => s)]);
    }
}
