using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Native;
using Stemsharp.OnnxRuntime.Nvidia;

namespace Stemsharp.Cli.Verification;

/// <summary>Looks at what is here for <c>--engine onnxruntime</c>: the library, its providers, NVIDIA's GPUs.</summary>
internal static class OnnxRuntimeExamination
{
    private const string Subject = "onnxruntime";

    /// <summary>Looks at one thing after another. Nothing of it is needed.</summary>
    /// <param name="library">The library's file; null to look for it.</param>
    /// <param name="own">The library of a provider; null for none.</param>
    internal static IEnumerable<Finding> Of(string? library, string? own)
    {
        foreach (Finding gpu in Gpus())
        {
            yield return gpu;
        }

        OnnxRuntimeLibrary? found = null;
        string problem = "";
        try
        {
            found = OnnxRuntimeLibrary.Load(library);
        }
        catch (ExternalToolException exception)
        {
            problem = exception.Message;
        }

        if (found is null)
        {
            yield return Finding.Absent(Subject, $"{problem} --engine cpu works without it.");
            yield break;
        }

        yield return Finding.Good(Subject, $"{found.Version}, {found.Path}");
        foreach (ExecutionProvider provider in Enum.GetValues<ExecutionProvider>())
        {
            string name = $"--provider {provider.ToString().ToLowerInvariant()}";
            string? reason = WhyNot(found, provider, out string available);
            yield return reason is null ? Finding.Good(name, available) : Finding.Absent(name, reason);
        }

        if (own is not null)
        {
            foreach (Finding finding in Own(found, own))
            {
                yield return finding;
            }
        }
    }

    private static IEnumerable<Finding> Gpus()
    {
        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
        foreach ((int i, NvidiaGpu gpu) in gpus.Index())
        {
            yield return Finding.Good($"NVIDIA GPU {i}", $"{gpu}");
        }

        if (problem is not null)
        {
            yield return Finding.Absent("NVIDIA GPUs", problem);
        }
    }

    private static string? WhyNot(OnnxRuntimeLibrary library, ExecutionProvider provider, out string available)
    {
        available = "available";
        if (!library.Providers.Contains(ProviderNames.Of(provider)))
        {
            return "not in this build of onnxruntime";
        }

        if (ProviderFile.Problem(library, provider) is { } missing)
        {
            return $"in this build, but {missing}";
        }

        if (provider is not (ExecutionProvider.Cuda or ExecutionProvider.TensorRT))
        {
            return null;
        }

        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
        if (problem is not null)
        {
            return $"in this build, but there is {problem}";
        }

        if (provider == ExecutionProvider.TensorRT && TensorRT.Installed() is { } version)
        {
            string[] refused = [.. gpus.Select(gpu => TensorRT.Refusal(gpu, version)).OfType<string>()];
            available = $"available with TensorRT {version}{string.Concat(refused.Select(r => $"; {r}"))}";
            return refused.Length == gpus.Count ? $"in this build, but: {string.Join(" ", refused)}" : null;
        }

        return null;
    }

    private static IEnumerable<Finding> Own(OnnxRuntimeLibrary library, string path)
    {
        const string subject = "--provider-library";
        if (File.Exists(path) && ProviderFile.Problem(Path.GetFullPath(path), SystemLibrary.CanLoad) is { } lacking)
        {
            return [Finding.Absent(subject, lacking)];
        }

        try
        {
            return [.. library.Devices(path).Select(device => Finding.Good(subject, $"{device.Provider}, device {device.Number}: {device.Name}"))];
        }
        catch (ExternalToolException exception)
        {
            return [Finding.Absent(subject, exception.Message)];
        }
    }
}
