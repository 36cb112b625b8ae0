using Stemsharp.Evaluation;
using Stemsharp.OnnxRuntime.Tests;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>An MDX-Net's .onnx file as people have it, from the command line to files, and back into an export.</summary>
public sealed class MDXNetCommandTests : IDisposable
{
    private const string Parameters = "#n_fft=4096,primary_stem=Vocals,compensate=1.021";
    private readonly TemporaryFolder _folder = new();

    public MDXNetCommandTests() => File.Copy(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"), _folder.Combine("mine.onnx"));

    public void Dispose() => _folder.Dispose();

    private string Model => _folder.Combine("mine.onnx") + Parameters;

    private string Stem(string run, string stem) => Path.Combine(_folder.Combine(run), "mine", "clip", stem + ".wav");

    private Task<CommandLineRun> SeparateAsync(string run, params string[] arguments) =>
        CommandLineRun.OfAsync(["separate", "-o", _folder.Combine(run), Clip.Song(_folder.Combine("clip.wav"), 2), "--float32", .. arguments]);

    [Fact]
    public async Task TheStemAndTheRestAreFilesNamedAsTheFileIs()
    {
        CommandLineRun run = await SeparateAsync("own", "--model", Model, "--clip-mode", "none");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        float[] mix = Clip.Floats(_folder.Combine("clip.wav")), vocals = Clip.Floats(Stem("own", "vocals")), rest = Clip.Floats(Stem("own", "instrumental"));
        Assert.Equal(mix.Length, vocals.Length);
        Assert.Contains(vocals, v => Math.Abs(v) > 1e-3);
        for (int i = 0; i < mix.Length; i++)
        {
            Assert.Equal(mix[i], vocals[i] + rest[i], 1e-6f);
        }
    }

    [Fact]
    public async Task WithoutParametersTheMessageSaysHowTheyAreGiven()
    {
        CommandLineRun run = await SeparateAsync("own", "--model", _folder.Combine("mine.onnx"));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("mine.onnx#n_fft=6144,primary_stem=Vocals", run.Error, StringComparison.Ordinal);
    }

    [OnnxRuntimeFact]
    public async Task OnnxruntimeGivesTheSame()
    {
        Assert.Equal(0, (await SeparateAsync("own", "--model", Model)).ExitCode);
        CommandLineRun run = await SeparateAsync("other", "--model", Model, "--engine", "onnxruntime");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.InRange(SignalToNoise.Of(Clip.Floats(Stem("own", "vocals")), Clip.Floats(Stem("other", "vocals"))), 100, double.PositiveInfinity);
    }

    [Fact]
    public async Task AnExportOfItIsAnExportAndNoModel()
    {
        CommandLineRun export = await CommandLineRun.OfAsync("export", "onnx", Model, "-o", _folder.Combine("graphs"));
        Assert.True(export.ExitCode == 0, export.Error);
        CommandLineRun run = await SeparateAsync("own", "--model", _folder.Combine("graphs/mine.onnx"));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("is an export, which runs on --engine onnxruntime only", run.Error, StringComparison.Ordinal);
    }
}
