using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>Full-size graphs in onnxruntime-web's wasm, as browsers run them, here by Node.js: it adds long sums one term after the other.</summary>
public sealed class WasmParityTests(ITestOutputHelper output) : IDisposable
{
    private const string Script = """
        import { createRequire } from "node:module";
        import { readFileSync, writeFileSync } from "node:fs";
        const Memory = WebAssembly.Memory;
        let heap;
        WebAssembly.Memory = function (size) { return heap = new Memory(size); };
        WebAssembly.Memory.prototype = Memory.prototype;
        const ort = createRequire(import.meta.url)("onnxruntime-web");
        ort.env.wasm.numThreads = 1;
        const session = await ort.InferenceSession.create(
          process.argv[2], { executionProviders: ["wasm"], enableCpuMemArena: false, enableMemPattern: false });
        const mix = new Float32Array(readFileSync("mix.f32").buffer.slice(0));
        const { stems } = await session.run({ mix: new ort.Tensor("float32", mix, [1, 2, mix.length / 2]) });
        writeFileSync("stems.f32", new Uint8Array(stems.data.buffer, stems.data.byteOffset, stems.data.byteLength));
        console.log(heap.buffer.byteLength);
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    [NodeFact]
    public Task Single_precision_is_the_original_there_too() => RunAsync(new OnnxGraphOptions(), int.MaxValue);

    /// <summary>The form and the limit of `--target web-wasm`.</summary>
    [NodeFact]
    public Task The_form_for_wasm_needs_at_most_700_MB() => RunAsync(new OnnxGraphOptions { Form = OnnxForm.Wasm, ScoreLimit = 4 << 20 }, 700_000_000);

    private async Task RunAsync(OnnxGraphOptions options, long mostBytes)
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        float[] mix = golden["mix"].Values, window = golden["window"].Values;
        Directory.CreateSymbolicLink(Path.Combine(_folder, "node_modules"), NodeFactAttribute.Modules!);
        File.WriteAllText(Path.Combine(_folder, "run.mjs"), Script);
        File.WriteAllBytes(Path.Combine(_folder, "mix.f32"), MemoryMarshal.AsBytes<float>(mix).ToArray());
        using (Exported exported = new("synthetic:htdemucs", options))
        {
            using Process process = Process.Start(new ProcessStartInfo("node", ["run.mjs", exported.Path]) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string heap = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await error);
            output.WriteLine($"heap: {heap.Trim()} bytes");
            Assert.InRange(long.Parse(heap, CultureInfo.InvariantCulture), 200_000_000, mostBytes);
        }

        float[] stems = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(_folder, "stems.f32"))).ToArray();
        int samples = mix.Length / 2, width = window.Length / 8;
        for (int stem = 0; stem < 4; stem++)
        {
            float[] ours = [.. Enumerable.Range(2 * stem, 2).SelectMany(row => stems.AsSpan(row * samples + 100_000, width).ToArray())];
            double snr = Separated.Snr(window.AsSpan(2 * stem * width, 2 * width), ours);
            output.WriteLine($"stem {stem}: {snr:F1} dB");
            Assert.InRange(snr, 108, 200);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
