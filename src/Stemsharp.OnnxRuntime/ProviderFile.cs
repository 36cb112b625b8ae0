using System.Diagnostics;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime;

/// <summary>The library of a provider, beside onnxruntime's: whether it is there, and what it needs that is not.</summary>
internal static class ProviderFile
{
    /// <summary>The file name of a provider's library; null for a provider that is within onnxruntime itself.</summary>
    public static string? NameOf(ExecutionProvider provider)
    {
        string? name = provider switch
        {
            ExecutionProvider.Cuda => "cuda",
            ExecutionProvider.TensorRT => "tensorrt",
            ExecutionProvider.OpenVINO => "openvino",
            ExecutionProvider.TensorRTRtx => "nv_tensorrt_rtx",
            _ => null,
        };
        return name is null ? null
            : OperatingSystem.IsWindows() ? $"onnxruntime_providers_{name}.dll"
            : OperatingSystem.IsMacOS() ? $"libonnxruntime_providers_{name}.dylib"
            : $"libonnxruntime_providers_{name}.so";
    }

    /// <summary>What keeps a provider that the library was built with from being loaded; null for nothing that can be seen.</summary>
    public static string? Problem(OnnxRuntimeLibrary library, ExecutionProvider provider)
    {
        if (NameOf(provider) is not { } name || FolderOf(library.Path) is not { } folder)
        {
            return null;
        }

        string file = Path.Combine(folder, name);
        return File.Exists(file) ? Problem(file, SystemLibrary.CanLoad, provider) : $"{name} is not beside it";
    }

    /// <summary>What of a library's needs is not met, in words; null where all are.</summary>
    /// <param name="file">The library.</param>
    /// <param name="canLoad">Whether the system finds a library by its name.</param>
    /// <param name="provider">The provider; null where it is not known.</param>
    public static string? Problem(string file, Func<string, bool> canLoad, ExecutionProvider? provider = null)
    {
        IReadOnlyList<string> needs;
        try
        {
            needs = NeededLibraries.Of(file);
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }

        // CUDA's provider opens cuDNN when it first needs it, where it was not linked to it: version 9 since onnxruntime 1.19.
        if (provider == ExecutionProvider.Cuda && needs.Count > 0 && !needs.Any(need => need.Contains("cudnn", StringComparison.OrdinalIgnoreCase)))
        {
            needs = [.. needs, needs[0].EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? "cudnn64_9.dll" : "libcudnn.so.9"];
        }

        // What lies beside a library is found there; the sets of functions of Windows are no files.
        string folder = Path.GetDirectoryName(file)!;
        string[] missing =
        [
            .. needs.Where(need => !need.StartsWith("api-ms-", StringComparison.OrdinalIgnoreCase) && !need.StartsWith("ext-ms-", StringComparison.OrdinalIgnoreCase)
                && !File.Exists(Path.Combine(folder, need)) && !IsOnPath(need) && !canLoad(need)),
        ];
        return missing.Length == 0 ? null : $"{Path.GetFileName(file)} needs {string.Join(", ", missing)}, which cannot be loaded";
    }

    // Windows looks for what a library needs along the search path, too.
    private static bool IsOnPath(string name) => OperatingSystem.IsWindows()
        && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathRooted).Any(folder => File.Exists(Path.Combine(folder, name)));

    // Where the system found a library by its name, the process knows.
    private static string? FolderOf(string path)
    {
        if (Path.IsPathRooted(path))
        {
            return Path.GetDirectoryName(Path.GetFullPath(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path));
        }

        using Process process = Process.GetCurrentProcess();
        return process.Modules.Cast<ProcessModule>().Select(module => module.FileName).FirstOrDefault(file => Path.GetFileName(file).StartsWith(Path.GetFileNameWithoutExtension(path), StringComparison.Ordinal)
            && !Path.GetFileName(file).Contains("_providers_", StringComparison.Ordinal)) is { } found ? Path.GetDirectoryName(found) : null;
    }
}
