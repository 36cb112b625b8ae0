using Stemsharp.Inference;
using Stemsharp.Separation;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Separation around the network against the original's, on tiny4 and three of its segments.</summary>
public sealed class ApplyTests(ITestOutputHelper output) : IDisposable
{
    private static readonly GoldenTensors Golden = GoldenTensors.Open("tiny4", "tiny4.apply.safetensors");
    private readonly SeparatorEngines _engines = new(
        GoldenModel.Source(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")),
        new SeparatorOptions { Threads = 2 },
        Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    public void Dispose() => _engines.Dispose();

    [Fact]
    public void Overlap_of_a_quarter() => Check("stems.overlap0.25", new SeparationSettings { Normalization = TrackNormalization.None });

    [Fact]
    public void Overlap_of_a_half_with_sharper_transitions() => Check(
        "stems.overlap0.5.power2", new SeparationSettings { Normalization = TrackNormalization.None, Overlap = 0.5, TransitionPower = 2 });

    [Fact]
    public void Shorter_segment() => Check(
        "stems.segment1.0", new SeparationSettings { Normalization = TrackNormalization.None, SegmentSamples = 44_100 });

    [Fact]
    public void Two_shifts() => Check(
        "stems.shifts2", new SeparationSettings { Normalization = TrackNormalization.None, Offsets = (_, _) => [1234, 20_000] });

    [Fact]
    public void Normalised_by_the_track() => Check("separator", new SeparationSettings());

    [Fact]
    public async Task The_library_gives_the_same_as_the_original()
    {
        using Separator separator = GoldenModel.Open(
            RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new SeparatorOptions { Stems = ["vocals", "drums"] });
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(Golden["mix"]));
        Assert.Equal(["drums", "vocals"], result.StemNames);
        double snr = GoldenModel.Snr(Golden["separator"].Values, GoldenModel.Parts(result));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr >= 110, $"{snr:F2} dB");
    }

    private void Check(string name, SeparationSettings settings)
    {
        GoldenTensor mix = Golden["mix"];
        int length = mix.Shape[1];
        Track track = new(name, _ => new MemoryReader(GoldenModel.Interleave(mix), 44_100, 2));
        float[][] stems = [.. Enumerable.Range(0, 4).Select(_ => new float[length])];
        TrackStatistics statistics = TrackStatistics.Measure(track.Open(default), default);
        new TrackSeparator(track, statistics, new Bag(_engines.Members, [0, 3]), settings).Run(
            block =>
            {
                for (int i = 0; i < 4; i++)
                {
                    block.Stems[i / 2][i % 2].AsSpan(0, block.Length).CopyTo(stems[i].AsSpan((int)block.Start));
                }
            },
            _ => { },
            default);
        double snr = GoldenModel.Snr(Golden[name].Values, stems.Select(channel => (ReadOnlyMemory<float>)channel));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr >= 110, $"{snr:F2} dB");
    }
}
