using System.Globalization;
using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime.Nvidia;

/// <summary>The TensorRT that onnxruntime's provider would load.</summary>
internal static unsafe class TensorRT
{
    /// <summary>Where TensorRT 10.5 and later begin: Turing.</summary>
    private static readonly Version s_turing = new(7, 5), s_volta = new(7, 0), s_withoutVolta = new(10, 5);

    /// <summary>The library's file name on this system.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "nvinfer_10.dll" : "libnvinfer.so.10";

    /// <summary>The installed version; null where the library cannot be loaded.</summary>
    public static Version? Installed()
    {
        if (!SystemLibrary.TryLoad(FileName, out nint library))
        {
            return null;
        }

        return NativeLibrary.TryGetExport(library, "getInferLibVersion", out nint export) ? Decode(((delegate* unmanaged<int>)export)()) : null;
    }

    /// <summary>TensorRT's own number, such as 100400, as a version: 10.4.0.</summary>
    internal static Version Decode(int number) => number >= 10000
        ? new Version(number / 10000, number / 100 % 100, number % 100)
        : new Version(number / 1000, number / 100 % 10, number % 100);

    /// <summary>Why TensorRT cannot use a GPU; null when it can.</summary>
    public static string? Refusal(NvidiaGpu gpu, Version version)
    {
        Version least = version >= s_withoutVolta ? s_turing : s_volta;
        return gpu.Capability >= least
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"TensorRT {version} does not support {gpu.Name}: its compute capability is {gpu.Capability}, and {least} is the least. Use --provider cuda, or an older TensorRT with an onnxruntime built for it.");
    }
}
