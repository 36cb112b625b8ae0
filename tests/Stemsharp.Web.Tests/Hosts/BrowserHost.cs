using System.Runtime.InteropServices;
using Microsoft.Playwright;
using Stemsharp.OnnxRuntime.Tests.Hosts;

namespace Stemsharp.Web.Tests.Hosts;

/// <summary>The page of docs/hosts/onnxruntime-javascript.md in a browser, with onnxruntime-web beside it.</summary>
internal sealed class BrowserHost : IDisposable
{
    private static readonly string[] s_runtime = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

    private readonly IsolatedServer _server;

    /// <param name="modules">The node_modules folder that has onnxruntime-web.</param>
    public BrowserHost(string modules)
    {
        HostPage.Unpack("onnxruntime-javascript.md", Folder);
        Directory.CreateDirectory(Path.Combine(Folder, "ort"));
        foreach (string file in s_runtime)
        {
            File.Copy(Path.Combine(modules, "onnxruntime-web", "dist", file), Path.Combine(Folder, "ort", file));
        }

        _server = new IsolatedServer(Folder);
    }

    /// <summary>What the page can load: the model goes here.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("stemsharp-browser-").FullName;

    /// <summary>Separates interleaved stereo at 44.1 kHz; gives each stem's channels one after the other.</summary>
    public async Task<(Dictionary<string, float[]> Stems, double Seconds, int Workers)> SeparateAsync(IPage page, string description, float[] interleaved)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "song.f32"), MemoryMarshal.AsBytes<float>(interleaved).ToArray()).ConfigureAwait(false);
        await page.GotoAsync(_server.Address).ConfigureAwait(false);
        await page.WaitForFunctionAsync("() => window.separate").ConfigureAwait(false);
        double seconds = await page.EvaluateAsync<double>(
            """
            async (description) => {
              if (!crossOriginIsolated) throw new Error("The page is not cross-origin isolated.");
              const song = new Float32Array(await (await fetch("song.f32")).arrayBuffer());
              const mix = [0, 1].map(c => Float32Array.from({ length: song.length / 2 }, (_, i) => song[2 * i + c]));
              const start = performance.now();
              const stems = await window.separate(description, mix);
              const seconds = (performance.now() - start) / 1000;
              for (const [name, channels] of Object.entries(stems)) await fetch(name, { method: "PUT", body: new Blob(channels) });
              return seconds;
            }
            """,
            description).ConfigureAwait(false);
        return (_server.Received.ToDictionary(r => r.Key, r => MemoryMarshal.Cast<byte, float>(r.Value).ToArray()), seconds, page.Workers.Count);
    }

    /// <summary>Runs one piece through a graph as it is: mix [C, L] → stems [S, C, L].</summary>
    public async Task<float[]> RunAsync(IPage page, string graph, float[] mix)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "piece.f32"), MemoryMarshal.AsBytes<float>(mix).ToArray()).ConfigureAwait(false);
        await page.GotoAsync(_server.Address).ConfigureAwait(false);
        await page.EvaluateAsync(
            """
            async (graph) => {
              const ort = await import("./ort/ort.wasm.min.mjs");
              ort.env.wasm.wasmPaths = new URL("./ort/", location).href;
              const mix = new Float32Array(await (await fetch("piece.f32")).arrayBuffer());
              const session = await ort.InferenceSession.create(new Uint8Array(await (await fetch(graph)).arrayBuffer()), { executionProviders: ["wasm"] });
              const { stems } = await session.run({ mix: new ort.Tensor("float32", mix, [1, 2, mix.length / 2]) });
              await fetch("stems", { method: "PUT", body: new Blob([stems.data]) });
            }
            """,
            graph).ConfigureAwait(false);
        return MemoryMarshal.Cast<byte, float>(_server.Received["stems"]).ToArray();
    }

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
