using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>A RoFormer as people have it, a checkpoint with a YAML beside it, from the command line to files.</summary>
public sealed class RoFormerCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RoFormerCommandTests()
    {
        foreach (string extension in new[] { ".ckpt", ".yaml" })
        {
            File.Copy(RepositoryFiles.Golden("roformer", "bs1" + extension), _folder.Combine("song" + extension));
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Model => _folder.Combine("song.ckpt");

    private string Out => _folder.Combine("out");

    private Task<CommandLineRun> SeparateAsync(string clip, params string[] arguments) =>
        CommandLineRun.OfAsync(["separate", "--model", Model, "-o", Out, clip, .. arguments]);

    private string Stem(string stem) => Path.Combine(Out, "song", "clip", stem + ".wav");

    // Its random weights make stems quiet enough for files of integers.
    private void UseTheMelBandNetwork()
    {
        File.Copy(RepositoryFiles.Golden("roformer", "mel1.safetensors"), Model, overwrite: true);
        File.Copy(RepositoryFiles.Golden("roformer", "mel1.yaml"), _folder.Combine("song.yaml"), overwrite: true);
    }

    [Fact]
    public async Task TheTargetAndTheRestAreFiles()
    {
        UseTheMelBandNetwork();
        string clip = Clip.Song(_folder.Combine("clip.wav"));
        CommandLineRun run = await SeparateAsync(clip, "--float32");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        float[] mix = Clip.Floats(clip), vocals = Clip.Floats(Stem("vocals")), other = Clip.Floats(Stem("other"));
        Assert.Equal(mix.Length, vocals.Length);
        Assert.Contains(vocals, v => Math.Abs(v) > 1e-3);
        for (int i = 0; i < mix.Length; i++)
        {
            Assert.Equal(mix[i], vocals[i] + other[i], 1e-6f);
        }

        // One of the two, and the pair of the original's option: the rest is the rest, by whatever name.
        Assert.Equal(0, (await SeparateAsync(clip, "--float32", "--overwrite", "--stems", "other")).ExitCode);
        Assert.Equal(other, Clip.Floats(Stem("other")));
        Assert.Equal(0, (await SeparateAsync(clip, "--float32", "--overwrite", "--two-stems", "vocals")).ExitCode);
        Assert.Equal(other, Clip.Floats(Stem("no_vocals")));
        Assert.Equal(0, (await SeparateAsync(clip, "--float32", "--overwrite", "--two-stems", "vocals", "--other-method", "minus")).ExitCode);
        Assert.Equal(other, Clip.Floats(Stem("minus_vocals")));
    }

    [Fact]
    public async Task ExactSumsAreExact()
    {
        UseTheMelBandNetwork();
        string clip = Clip.Song(_folder.Combine("clip.wav"));
        Assert.Equal(0, (await SeparateAsync(clip, "--exact-sum")).ExitCode);
        Assert.Equal(Clip.Integers(clip), Clip.Integers(Stem("vocals")).Zip(Clip.Integers(Stem("other")), (a, b) => a + b));
    }

    [Fact]
    public async Task ShiftsAreRefusedWithAReason()
    {
        CommandLineRun run = await SeparateAsync(Clip.Song(_folder.Combine("clip.wav")), "--shifts", "2");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("Leave shifts out", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Stem("vocals")));
    }

    [Theory]
    [InlineData("0.5", 5)]
    [InlineData("0.75", 11)]
    [InlineData("0", 2)]
    public async Task APlanCountsThePiecesThatAnOverlapNeeds(string overlap, int pieces)
    {
        // 44,100 samples in pieces of 22,528, the song mirrored at both ends where it is longer than both mirrors.
        CommandLineRun run = await CommandLineRun.OfAsync("plan", "--model", Model, "--overlap", overlap, "--json", "-o", Out, Clip.Song(_folder.Combine("clip.wav")));
        Assert.Equal(ExitCode.Success, run.ExitCode);
        JsonElement track = Assert.Single(JsonDocument.Parse(run.Output).RootElement.GetProperty("tracks").EnumerateArray());
        Assert.Equal(pieces, track.GetProperty("segments").GetInt32());
        run = await SeparateAsync(Path.Combine(_folder.Combine("clip.wav")), "--overlap", overlap, "--json");
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task InspectTellsTheNetwork()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("models", "inspect", Model);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("BS-RoFormer", run.Output, StringComparison.Ordinal);
        Assert.Contains("vocals", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutItsYamlTheMessageSaysWhatToDo()
    {
        File.Delete(_folder.Combine("song.yaml"));
        CommandLineRun run = await SeparateAsync(Clip.Song(_folder.Combine("clip.wav")));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("Put its YAML beside it", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACopyCarriesItsConfiguration()
    {
        string copy = _folder.Combine("copies", "copy.safetensors"), clip = Clip.Song(_folder.Combine("clip.wav"));
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        CommandLineRun run = await CommandLineRun.OfAsync("models", "convert", Model, "--out", copy);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(0, (await SeparateAsync(clip)).ExitCode);
        Assert.Equal(0, (await CommandLineRun.OfAsync("separate", "--model", copy, "-o", Out, clip)).ExitCode);
        Assert.Equal(File.ReadAllBytes(Stem("vocals")), File.ReadAllBytes(Path.Combine(Out, "copy", "clip", "vocals.wav")));
    }
}
