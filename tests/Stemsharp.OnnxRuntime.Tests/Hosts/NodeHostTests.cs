using System.Diagnostics;
using System.Runtime.InteropServices;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The Node.js program of docs/hosts/onnxruntime-javascript.md, with onnxruntime-node.</summary>
public sealed class NodeHostTests : IDisposable
{
    private const string ContractScript = """
        import { readFileSync, writeFileSync } from "node:fs";
        import { separate } from "./stemsharp.mjs";
        const floats = new Float32Array(readFileSync("mix.f32").buffer.slice(0));
        const half = floats.length / 2, mix = [floats.slice(0, half), floats.slice(half)];
        const stems = await separate(mix, JSON.parse(readFileSync("cut.json", "utf8")), 4, window => Float32Array.from({ length: 4 * window.length },
          (_, i) => (Math.floor(i / window.length) + 1) * window[i % window.length] + i % 85995 / 85995));
        writeFileSync("stems.f32", new Uint8Array(Float32Array.from(stems.flat().flatMap(c => [...c])).buffer));
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    private readonly ITestOutputHelper _output;

    public NodeHostTests(ITestOutputHelper output)
    {
        _output = output;
        HostPage.Unpack("onnxruntime-javascript.md", _folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NodeFact]
    public async Task The_contract_alone_gives_what_the_separator_gives()
    {
        float[][] mix = HostVectors.Song();
        Write("mix.f32", [.. mix[0], .. mix[1]]);
        HostVectors.WriteCut(_folder);
        File.WriteAllText(Path.Combine(_folder, "contract.mjs"), ContractScript);
        await RunAsync("contract.mjs");
        float[] truth = [.. (await HostVectors.SeparateAsync(HostVectors.ArithmeticEngine, mix)).SelectMany(c => c)];
        float[] stems = Read("stems.f32");
        Assert.Equal(truth.Length, stems.Length);
        Assert.InRange(Separated.Snr(truth, stems), 120, double.PositiveInfinity);
    }

    [NodeFact]
    public async Task A_model_gives_what_the_separator_gives()
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder, "node_modules"), NodeFactAttribute.Modules!);
        DemoExport.Write(_folder, "waveform");
        Write("song.f32", DemoExport.Interleaved());
        await RunAsync("separate.mjs", "demo.json", "song.f32", "stems");
        await DemoExport.CompareAsync((stem, channel) => [.. Read(Path.Combine("stems", $"{stem}.f32")).Where((_, i) => i % 2 == channel)]);
    }

    [NodeTheory]
    [MemberData(nameof(GoldenExport.Cases), MemberType = typeof(GoldenExport))]
    public async Task Every_kind_of_network_gives_what_the_separator_gives(string model, string graph)
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder, "node_modules"), NodeFactAttribute.Modules!);
        GoldenExport exported = await GoldenExport.WriteAsync(model, graph, _folder);
        Write("song.f32", HostVectors.Interleave(exported.Mix));
        await RunAsync("separate.mjs", exported.Description, "song.f32", "stems");
        await exported.CompareAsync((stem, channel) => [.. Read(Path.Combine("stems", $"{stem}.f32")).Where((_, i) => i % 2 == channel)], _output);
    }

    private async Task RunAsync(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("node", arguments) { WorkingDirectory = _folder, RedirectStandardError = true })!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }

    private void Write(string name, float[] samples) => File.WriteAllBytes(Path.Combine(_folder, name), MemoryMarshal.AsBytes<float>(samples).ToArray());

    private float[] Read(string name) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(_folder, name))).ToArray();
}

/// <summary>A test that needs Node.js and the node_modules folder with onnxruntime-node that STEMSHARP_NODE_MODULES names.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = SkipReason;

    public static string? Modules => Environment.GetEnvironmentVariable("STEMSHARP_NODE_MODULES") is { Length: > 0 } path ? path : null;

    public static string? SkipReason =>
        ToolFactAttribute.RequireAll ? null
        : Modules is null || !Directory.Exists(Path.Combine(Modules, "onnxruntime-node")) ? "STEMSHARP_NODE_MODULES names no folder with onnxruntime-node."
        : !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(p => File.Exists(Path.Combine(p, "node"))) ? "node is not on the search path."
        : null;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = NodeFactAttribute.SkipReason;
}
