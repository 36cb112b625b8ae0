using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.Tests;
using Stemsharp.Tests.Golden;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Whole tracks through a RoFormer on the GPU engine, as users separate them, against the original's demix.</summary>
public sealed class RoFormerPipelineTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-roformer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [VulkanTheory]
    [InlineData("bs4.ckpt", "Fp32", new[] { "ov2", "ov4", "short5003", "short4001", "ov2.normalize" })]
    [InlineData("mel1.safetensors", "Fp32", new[] { "ov2", "ov4", "ov8", "short5003", "short4001", "ov2.normalize" })]
    [InlineData("bs4.ckpt", "Mixed", new[] { "ov2" })]
    [InlineData("mel1.safetensors", "Mixed", new[] { "ov2", "short5003" })]
    public async Task A_track_is_separated_as_by_the_original(string model, string precision, string[] cases)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenRoFormers.Folder, $"{model.Split('.')[0]}.demix.safetensors");
        List<string> wrong = [];
        foreach (string name in cases)
        {
            double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{name}"], CultureInfo.InvariantCulture);
            string path = GoldenRoFormers.Copy(_folder, model, yaml => GoldenRoFormers.YamlOf(name, yaml));
            await using Separator separator = Separator.Open(await new ModelCatalog().ResolveAsync(path), new SeparatorOptions
            {
                Threads = 2,
                Backends = [new VulkanBackend()],
                Engine = VulkanBackend.BackendName,
                Device = TestDevice.Device.Info.Index.ToString(CultureInfo.InvariantCulture),
                Precision = Enum.Parse<EnginePrecision>(precision),
                ParallelSegments = 2,
                Defaults = new SeparationOptions { Overlap = GoldenRoFormers.OverlapOf(name) },
            });
            GoldenTensor mix = golden[golden.Contains($"mix.{name}") ? $"mix.{name}" : "mix"];
            int length = mix.Shape[1];
            float[] interleaved = [.. Enumerable.Range(0, 2 * length).Select(i => mix.Values[i % 2 * length + i / 2])];
            SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(interleaved, 44_100, 2));
            float[] found = [.. golden.Metadata[$"stems.{name}"].Split(',').SelectMany(stem => result[stem]).SelectMany(channel => channel)];
            double snr = GoldenModel.Snr(golden[$"stems.{name}"].Values, found);
            string line = $"{name}: {snr:F2} dB, the original {original:F2} dB";
            output.WriteLine(line);
            if (!(snr > (precision == "Mixed" ? 50 : original - 3)))
            {
                wrong.Add(line);
            }
        }

        Assert.Empty(wrong);
    }
}
