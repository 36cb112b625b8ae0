using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>
/// The Python program in docs/coreml.md that confirms a package on a Mac, run as it stands there. What a Mac would
/// compute is stood in for by the interpreter.
/// </summary>
public sealed class ConfirmationScriptTests : IDisposable
{
    private const string StandIn = """
        import types
        import numpy as np
        import package
        ComputeUnit = types.SimpleNamespace(CPU_ONLY=1)

        class models:
            class MLModel:
                def __init__(self, path, compute_units):
                    assert path == "tiny4.mlpackage" and compute_units == ComputeUnit.CPU_ONLY

                def get_spec(self):
                    def feature(name, shape):
                        array = types.SimpleNamespace(shape=shape)
                        return types.SimpleNamespace(name=name, type=types.SimpleNamespace(multiArrayType=array))
                    return types.SimpleNamespace(description=types.SimpleNamespace(input=[feature(n, s) for n, s in package.inputs.items()]))

                def predict(self, given):
                    assert list(given) == list(package.inputs)
                    for name, shape in package.inputs.items():
                        assert given[name].dtype == np.float32 and list(given[name].shape) == shape
                        assert given[name].tobytes() == open(name + ".f32", "rb").read(), name
                    return {n: np.fromfile(n + ".f32", np.float32).reshape(s) for n, s in package.outputs.items()}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-coreml-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NumpyFact]
    public async Task The_script_makes_the_inputs_and_judges_the_outputs()
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        using TemporaryPackage temporary = network.Export(new CoreMLExportOptions { Precision = CoreMLPrecision.Float32 });
        using Package package = Package.Open(temporary.Path);
        float[][] inputs = [.. package.Model.Inputs.Select(i => VectorRecipe.Values(i.Name, i.Spec.Elements))];
        float[][] outputs = new ProgramInterpreter(package).Run(inputs);
        Write(package.Model.Inputs, inputs);
        Write(package.Model.Outputs, outputs);
        string Shapes(IEnumerable<Feature> features) => string.Join(", ", features.Select(f => $"\"{f.Name}\": [{string.Join(", ", f.Spec.Shape)}]"));
        File.WriteAllText(Path.Combine(_folder, "package.py"), $"inputs = {{{Shapes(package.Model.Inputs)}}}\noutputs = {{{Shapes(package.Model.Outputs)}}}\n");
        File.WriteAllText(Path.Combine(_folder, "coremltools.py"), StandIn);
        File.Copy(RepositoryFiles.At("docs", "vectors", "coreml.json"), Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "docs", "vectors")).FullName, "coreml.json"));
        string page = File.ReadAllText(RepositoryFiles.At("docs", "coreml.md"));
        File.WriteAllText(Path.Combine(_folder, "confirm.py"), Regex.Match(page, @"^```python\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value);

        double[] errors = await RunAsync();
        Assert.Equal(2, errors.Length);
        Assert.All(errors, e => Assert.InRange(e, 1e-9, 1e-4));

        outputs[1][7919] += 0.1f;
        Write(package.Model.Outputs, outputs);
        Assert.InRange((await RunAsync())[1], 1e-2, 10);
    }

    private void Write(IReadOnlyList<Feature> features, float[][] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            File.WriteAllBytes(Path.Combine(_folder, $"{features[i].Name}.f32"), MemoryMarshal.AsBytes<float>(values[i]).ToArray());
        }
    }

    private async Task<double[]> RunAsync()
    {
        using Process process = Process.Start(new ProcessStartInfo(NumpyFactAttribute.Python, ["confirm.py"])
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
        return [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => double.Parse(l.Split(' ')[^1], CultureInfo.InvariantCulture))];
    }
}

/// <summary>Python with numpy; STEMSHARP_PYTHON names another interpreter than the system's.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NumpyFactAttribute : FactAttribute
{
    public NumpyFactAttribute()
    {
        if (!ToolFactAttribute.RequireAll && !HasNumpy())
        {
            Skip = $"{Python} is missing or has no numpy.";
        }
    }

    public static string Python => Environment.GetEnvironmentVariable("STEMSHARP_PYTHON") ?? "/usr/bin/python3";

    private static bool HasNumpy()
    {
        if (!File.Exists(Python))
        {
            return false;
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", "import numpy"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
