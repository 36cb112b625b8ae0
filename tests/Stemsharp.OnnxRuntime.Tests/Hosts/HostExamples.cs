using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The examples of docs/hosts/onnxruntime-csharp.md, which stand there word for word.</summary>
public sealed class HostExamples : IDisposable
{
    private readonly string song = RepositoryFiles.Sample("song", "mix.wav");
    private readonly string folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [OnnxRuntimeFact]
    public async Task With_Stemsharp()
    {
        DemoExport.Write(folder, "spectrogram");
        string model = Path.Combine(folder, "demo.json");

        await using Separator separator = Separator.Open(OnnxExports.Open(model), new SeparatorOptions
        {
            Backends = [new OnnxRuntimeBackend(options: new OnnxSessionOptions { Provider = ExecutionProvider.Cpu })],
            Engine = OnnxRuntimeBackend.BackendName,
        });
        await separator.SeparateToFilesAsync(AudioInput.FromFile(song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(3)), folder);

        Assert.NotEmpty(Directory.GetFiles(folder, "vocals.wav", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_contract_alone_gives_what_the_separator_gives()
    {
        float[][] mix = HostVectors.Song();
        float[][][] stems = OnnxHost.Separate(mix, HostVectors.Length, HostVectors.Arithmetic);
        float[][] truth = await HostVectors.SeparateAsync(HostVectors.ArithmeticEngine, mix);
        for (int s = 0; s < stems.Length; s++)
        {
            for (int c = 0; c < 2; c++)
            {
                Assert.InRange(Separated.Snr(truth[2 * s + c], stems[s][c]), 120, double.PositiveInfinity);
            }
        }
    }

    [OnnxRuntimeFact]
    public async Task A_model_gives_what_the_separator_gives()
    {
        DemoExport.Write(folder, "waveform");
        float[][] mix = DemoExport.Mix();
        // A process has one environment of onnxruntime's; the one that the page's program would make tells no logger of ours.
        _ = OnnxRuntimeLibrary.Load();
        Dictionary<string, float[][]> stems = OnnxHost.SeparateModel(Path.Combine(folder, "demo.json"), mix);
        await DemoExport.CompareAsync((stem, channel) => stems[stem][channel]);
    }

    [Fact]
    public void The_page_shows_what_runs_here() => PrintedExamples.StandIn(
        RepositoryFiles.At("docs", "hosts", "onnxruntime-csharp.md"),
        2,
        RepositoryFiles.At("tests", "Stemsharp.OnnxRuntime.Tests", "Hosts", "HostExamples.cs"),
        RepositoryFiles.At("tests", "Stemsharp.OnnxRuntime.Tests", "Hosts", "OnnxHost.cs"));
}
