using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The program of docs/hosts/onnxruntime-python.md, in Python with numpy.</summary>
public sealed class PythonHostTests : IDisposable
{
    /// <summary>Stands in for the package of that name: each run goes through the pipes to this process and its native library.</summary>
    private const string StandIn = """
        import json, sys
        import numpy as np

        def receive(count):
            return sys.stdin.buffer.read(count)

        def send(line):
            sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()

        class Value:
            def __init__(self, name, shape):
                self.name, self.shape = name, shape

        class InferenceSession:
            def __init__(self, path, providers):
                assert providers == ["CPUExecutionProvider"]
                send("open " + path)
                told = json.loads(sys.stdin.buffer.readline())
                self.inputs = [Value(v["name"], v["shape"]) for v in told["inputs"]]
                self.outputs = [Value(v["name"], v["shape"]) for v in told["outputs"]]

            def get_inputs(self):
                return self.inputs

            def run(self, names, feed):
                assert names == [o.name for o in self.outputs] and list(feed) == [i.name for i in self.inputs]
                for i in self.inputs:
                    assert feed[i.name].dtype == np.float32 and list(feed[i.name].shape) == i.shape
                send("run")
                for i in self.inputs:
                    sys.stdout.buffer.write(np.ascontiguousarray(feed[i.name]).tobytes())
                sys.stdout.buffer.flush()
                return [np.frombuffer(receive(4 * int(np.prod(o.shape))), np.float32).reshape(o.shape) for o in self.outputs]
        """;

    private const string ContractScript = """
        import json, numpy as np, separate
        mix = np.fromfile("mix.f32", np.float32).reshape(2, -1)
        def network(window):
            length = window.shape[1]
            return np.stack([(s + 1) * window + np.arange(length, dtype=np.float32) / length for s in range(4)])
        separate.separate(mix, json.load(open("cut.json")), 4, network).tofile("stems.f32")
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    private static string Python => Environment.GetEnvironmentVariable("STEMSHARP_PYTHON") ?? "/usr/bin/python3";

    private readonly ITestOutputHelper _output;

    public PythonHostTests(ITestOutputHelper output)
    {
        _output = output;
        HostPage.Unpack("onnxruntime-python.md", _folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NumpyFact]
    public async Task The_contract_alone_gives_what_the_separator_gives()
    {
        float[][] mix = HostVectors.Song();
        Write("mix.f32", [.. mix[0], .. mix[1]]);
        HostVectors.WriteCut(_folder);
        await RunAsync(["-c", ContractScript]);
        float[] stems = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(_folder, "stems.f32"))).ToArray();
        float[] truth = [.. (await HostVectors.SeparateAsync(HostVectors.ArithmeticEngine, mix)).SelectMany(c => c)];
        Assert.Equal(truth.Length, stems.Length);
        Assert.InRange(Separated.Snr(truth, stems), 120, double.PositiveInfinity);
    }

    [NumpyTheory]
    [InlineData("waveform")]
    [InlineData("spectrogram")]
    public async Task A_model_gives_what_the_separator_gives(string graph)
    {
        File.WriteAllText(Path.Combine(_folder, "onnxruntime.py"), StandIn);
        DemoExport.Write(_folder, graph);
        WriteWave("song.wav", DemoExport.Interleaved());
        await RunAsync(["separate.py", "demo.json", "song.wav", "stems"]);

        await DemoExport.CompareAsync((stem, channel) => ReadWave(Path.Combine("stems", $"{stem}.wav"), channel));
    }

    [NumpyTheory]
    [MemberData(nameof(GoldenExport.Cases), MemberType = typeof(GoldenExport))]
    public async Task Every_kind_of_network_gives_what_the_separator_gives(string model, string graph)
    {
        File.WriteAllText(Path.Combine(_folder, "onnxruntime.py"), StandIn);
        GoldenExport exported = await GoldenExport.WriteAsync(model, graph, _folder);
        WriteWave("song.wav", HostVectors.Interleave(exported.Mix));
        await RunAsync(["separate.py", exported.Description, "song.wav", "stems"]);
        await exported.CompareAsync((stem, channel) => ReadWave(Path.Combine("stems", $"{stem}.wav"), channel), _output);
    }

    [NumpyFact]
    public async Task The_script_that_confirms_engines_accepts_right_outputs_and_refuses_wrong_ones()
    {
        HostPage.Unpack("tensorrt.md", _folder);
        File.Copy(RepositoryFiles.At("docs", "vectors", "onnx.json"), Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "docs", "vectors")).FullName, "onnx.json"));
        await RunAsync(["vectors.py", "input", "mix.bin"]);
        float[] mix = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(_folder, "mix.bin"))).ToArray();
        Assert.Equal(VectorRecipe.Values("mix", 2 * HostVectors.Length), mix);
        using Exported exported = new(HostVectors.Model, new OnnxGraphOptions());
        float[] stems = Separated.By(exported.Path, mix);
        Output(stems);
        await RunAsync(["vectors.py", "check", "out.json"]);
        stems[7919] += 0.1f;
        Output(stems);
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => RunAsync(["vectors.py", "check", "out.json"]));

        void Output(float[] values) => File.WriteAllText(
            Path.Combine(_folder, "out.json"), JsonSerializer.Serialize(new[] { new { name = "stems", dimensions = $"1x4x2x{HostVectors.Length}", values } }));
    }

    [NumpyFact]
    public async Task Networks_of_a_bag_are_combined_by_their_weights()
    {
        string models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        File.Copy(HostVectors.Model, Path.Combine(models, "cf67fb40.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(models, "7b6ab67f.th"));
        string bag = Path.Combine(models, "two.yaml");
        File.WriteAllText(bag, "models: ['cf67fb40', '7b6ab67f']\nweights: [[1, 1, 0, 1], [0, 1, 1, 3]]\n");
        File.WriteAllText(Path.Combine(_folder, "onnxruntime.py"), StandIn);
        OnnxExporter.Export(await new ModelCatalog().ResolveAsync(bag), _folder);
        float[] song = HostVectors.Interleave(HostVectors.Song());
        WriteWave("song.wav", song);
        await RunAsync(["separate.py", "two.json", "song.wav", "stems"]);

        // The song as the file holds it.
        float[][] mix = [.. Enumerable.Range(0, 2).Select(c => ReadWave("song.wav", c))];
        float[][] truth = await HostVectors.SeparateAsync(new SeparatorOptions { Model = bag }, mix);
        string[] stems = ["drums", "bass", "other", "vocals"];
        for (int s = 0; s < truth.Length; s++)
        {
            Assert.InRange(Separated.Snr(truth[s], ReadWave(Path.Combine("stems", $"{stems[s / 2]}.wav"), s % 2)), 90, double.PositiveInfinity);
        }
    }

    // Serves the stand-in until the program ends.
    private async Task RunAsync(string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Python, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Stream asked = process.StandardOutput.BaseStream, answer = process.StandardInput.BaseStream;
        OnnxSession? session = null;
        try
        {
            while (Line(asked) is { Length: > 0 } line)
            {
                if (line.StartsWith("open ", StringComparison.Ordinal))
                {
                    session?.Dispose();
                    session = new OnnxSession(OnnxRuntimeLibrary.Load(), Path.Combine(_folder, line[5..]));
                    answer.Write(JsonSerializer.SerializeToUtf8Bytes(new { inputs = Told(session.Inputs), outputs = Told(session.Outputs) }));
                    answer.WriteByte((byte)'\n');
                    answer.Flush();
                    continue;
                }

                if (session is null)
                {
                    continue;
                }

                float[][] inputs = [.. session.Inputs.Select(t => new float[t.Elements()])];
                foreach (float[] input in inputs)
                {
                    asked.ReadExactly(MemoryMarshal.AsBytes(input.AsSpan()));
                }

                foreach (float[] output in session.Run(inputs))
                {
                    answer.Write(MemoryMarshal.AsBytes<float>(output));
                }

                answer.Flush();
            }
        }
        finally
        {
            session?.Dispose();
            process.StandardInput.Close();
            await process.WaitForExitAsync();
        }

        Assert.True(process.ExitCode == 0, await error);

        static object[] Told(IReadOnlyList<TensorInfo> tensors) => [.. tensors.Select(t => new { name = t.Name, shape = t.Dims })];
    }

    private static string Line(Stream stream)
    {
        List<byte> line = [];
        for (int b; (b = stream.ReadByte()) is not (-1 or '\n');)
        {
            line.Add((byte)b);
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    private void Write(string name, float[] samples) => File.WriteAllBytes(Path.Combine(_folder, name), MemoryMarshal.AsBytes<float>(samples).ToArray());

    private void WriteWave(string name, float[] interleaved)
    {
        byte[] file = new byte[44 + 2 * interleaved.Length];
        "RIFF"u8.CopyTo(file);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        "data"u8.CopyTo(file.AsSpan(36));
        (int At, int Value)[] numbers = [(4, file.Length - 8), (16, 16), (20, 1 | 2 << 16), (24, 44_100), (28, 4 * 44_100), (32, 4 | 16 << 16), (40, 2 * interleaved.Length)];
        foreach ((int at, int value) in numbers)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        }

        for (int i = 0; i < interleaved.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + 2 * i), (short)Math.Round(interleaved[i] * 32768));
        }

        File.WriteAllBytes(Path.Combine(_folder, name), file);
    }

    private float[] ReadWave(string name, int channel)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(_folder, name));
        int bytes = file[34] / 8;
        return [.. Enumerable.Range(0, (file.Length - 44) / bytes / 2).Select(i => Sample(file.AsSpan(44 + (2 * i + channel) * bytes)))];

        float Sample(ReadOnlySpan<byte> at) => bytes == 2 ? BinaryPrimitives.ReadInt16LittleEndian(at) / 32768f : BinaryPrimitives.ReadInt32LittleEndian(at) / 2147483648f;
    }
}

/// <summary>A test that needs a native onnxruntime and a Python with numpy: the one STEMSHARP_PYTHON names, or /usr/bin/python3.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NumpyFactAttribute : FactAttribute
{
    public NumpyFactAttribute() => Skip = NumpyTests.SkipReason;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NumpyTheoryAttribute : TheoryAttribute
{
    public NumpyTheoryAttribute() => Skip = NumpyTests.SkipReason;
}

internal static class NumpyTests
{
    private static readonly Lazy<string?> s_reason = new(Find);

    public static string? SkipReason => ToolFactAttribute.RequireAll ? null : OnnxRuntimeTests.SkipReason ?? s_reason.Value;

    private static string? Find()
    {
        string python = Environment.GetEnvironmentVariable("STEMSHARP_PYTHON") ?? "/usr/bin/python3";
        if (!File.Exists(python))
        {
            return $"There is no {python}.";
        }

        using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import numpy"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0 ? null : $"{python} has no numpy.";
    }
}
