using System.Globalization;
using Microsoft.Playwright;
using Stemsharp.Audio;
using Stemsharp.Evaluation;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Stemsharp.Web.Tests.Pages;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Web.Tests.Hosts;

/// <summary>An exported graph in a browser: onnxruntime-web on wasm, with threads.</summary>
[Collection("browser")]
public class BrowserHostTests(BrowserFixture fixture, ITestOutputHelper output)
{
    [OnnxRuntimeWebFact]
    public Task A_model_gives_what_the_separator_gives() => CheckAsync(RepositoryFiles.DemoModel, 150_000);

    /// <summary>htdemucs itself, with weights that anyone can recreate; the song fits into one segment, which is run once.</summary>
    [OnnxRuntimeWebFact]
    public Task A_full_size_segment_gives_what_the_separator_gives() => CheckAsync("synthetic:htdemucs", 250_000);

    /// <summary>Small RoFormers of both kinds, one piece, against the original in double precision.</summary>
    [OnnxRuntimeWebTheory]
    [InlineData("bs4.ckpt", 8820)]
    [InlineData("mel1.safetensors", 8820)]
    public async Task A_RoFormer_is_as_accurate_as_the_original_in_single_precision(string model, int samples)
    {
        using BrowserHost host = new(OnnxRuntimeWebFactAttribute.Modules!);
        GoldenTensors golden = GoldenTensors.Open("roformer", $"{Path.GetFileNameWithoutExtension(model)}.io.safetensors");
        OnnxExportResult export = OnnxExporter.Export(await new ModelCatalog().ResolveAsync(RepositoryFiles.Golden("roformer", model)), host.Folder);
        await using IBrowserContext context = await fixture.Browser.NewContextAsync();
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(300_000);
        float[] stems = await host.RunAsync(page, Path.GetFileName(Assert.Single(export.Files).Path), golden[$"mix.{samples}"].Values);
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        Assert.InRange(ParityReport.Compare(golden[$"stems.{samples}"].Values, stems).Snr, original - 6, 200);
    }

    /// <summary>htdemucs in both of its forms, one segment, stem by stem against a window of the original's in double precision.</summary>
    [OnnxRuntimeWebTheory]
    [InlineData(OnnxForm.Portable, 128)]
    [InlineData(OnnxForm.Wasm, 4)]
    public async Task A_full_size_segment_is_the_original_in_single_precision(OnnxForm form, int megabytes)
    {
        using BrowserHost host = new(OnnxRuntimeWebFactAttribute.Modules!);
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        OnnxExportResult export = OnnxExporter.Export(
            await new ModelCatalog().ResolveAsync("synthetic:htdemucs"), host.Folder, new OnnxExportOptions { Form = form, AttentionLimit = (long)megabytes << 20 });
        await using IBrowserContext context = await fixture.Browser.NewContextAsync();
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(600_000);
        float[] mix = golden["mix"].Values, window = golden["window"].Values;
        float[] stems = await host.RunAsync(page, Path.GetFileName(Assert.Single(export.Files).Path), mix);
        int samples = mix.Length / 2, width = window.Length / 8;
        for (int stem = 0; stem < 4; stem++)
        {
            float[] ours = [.. Enumerable.Range(2 * stem, 2).SelectMany(row => stems.AsSpan(row * samples + 100_000, width).ToArray())];
            double snr = ParityReport.Compare(window.AsSpan(2 * stem * width, 2 * width).ToArray(), ours).Snr;
            output.WriteLine($"stem {stem}: {snr:F1} dB");
            Assert.InRange(snr, 108, 200);
        }
    }

    private async Task CheckAsync(string model, int samples)
    {
        using BrowserHost host = new(OnnxRuntimeWebFactAttribute.Modules!);
        string description = Path.GetFileName(OnnxExporter.Export(await new ModelCatalog().ResolveAsync(model), host.Folder).Description);
        float[] song = new float[2 * samples];
        using (IAudioReader reader = AudioFiles.Open(RepositoryFiles.Sample("song", "mix.wav")))
        {
            for (int filled = 0, n; filled < song.Length && (n = reader.Read(song.AsSpan(filled))) > 0;)
            {
                filled += 2 * n;
            }
        }

        await using IBrowserContext context = await fixture.Browser.NewContextAsync();
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(600_000);
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        (Dictionary<string, float[]> stems, _, int workers) = await host.SeparateAsync(page, description, song);

        Assert.Empty(errors);
        Assert.True(workers > 0 || Environment.ProcessorCount == 1, "onnxruntime-web started no threads.");
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        SeparationResult truth = await separator.SeparateAsync(AudioInput.FromSamples(song, 44_100, 2));
        Assert.Equal(truth.StemNames.Order(), stems.Keys.Order());
        foreach (string stem in truth.StemNames)
        {
            Assert.InRange(ParityReport.Compare([.. truth[stem][0], .. truth[stem][1]], stems[stem]).Snr, 90, double.PositiveInfinity);
        }
    }
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxRuntimeWebTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeWebTheoryAttribute() => Skip = new OnnxRuntimeWebFactAttribute().Skip;
}

/// <summary>A test that needs Chromium and the node_modules folder with onnxruntime-web that STEMSHARP_NODE_MODULES names.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxRuntimeWebFactAttribute : FactAttribute
{
    public OnnxRuntimeWebFactAttribute()
    {
        if (ToolFactAttribute.RequireAll)
        {
            return;
        }

        if (BrowserFixture.Chromium is null)
        {
            Skip = "Chromium is not installed.";
        }
        else if (Modules is null || !Directory.Exists(Path.Combine(Modules, "onnxruntime-web")))
        {
            Skip = "STEMSHARP_NODE_MODULES names no folder with onnxruntime-web.";
        }
    }

    public static string? Modules => Environment.GetEnvironmentVariable("STEMSHARP_NODE_MODULES") is { Length: > 0 } path ? path : null;
}
