using System.Globalization;
using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime.Nvidia;

/// <summary>An NVIDIA GPU, as its driver describes it.</summary>
/// <param name="Name">Such as <c>NVIDIA H200</c>.</param>
/// <param name="Capability">Its compute capability, such as 9.0.</param>
/// <param name="Memory">Its memory in bytes.</param>
internal sealed record NvidiaGpu(string Name, Version Capability, long Memory)
{
    /// <summary>The architecture as compilers name it, such as <c>sm90</c>.</summary>
    public string Architecture => string.Create(CultureInfo.InvariantCulture, $"sm{Capability.Major}{Capability.Minor}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}, compute capability {Capability}, {Memory / 1e9:0.0} GB");

    /// <summary>Asks the driver (libcuda) for its GPUs, in its order.</summary>
    /// <param name="problem">Why there are none; null where there are.</param>
    public static IReadOnlyList<NvidiaGpu> FindAll(out string? problem)
    {
        string name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!SystemLibrary.TryLoad(name, out nint library))
        {
            problem = $"no NVIDIA driver ({name} cannot be loaded)";
            return [];
        }

        return FindAll(function => NativeLibrary.TryGetExport(library, function, out nint address) ? address : 0, out problem);
    }

    /// <summary>The same with the driver's functions found by name.</summary>
    internal static unsafe IReadOnlyList<NvidiaGpu> FindAll(Func<string, nint> driver, out string? problem)
    {
        const int CapabilityMajor = 75, CapabilityMinor = 76;
        delegate* unmanaged<uint, int> init = (delegate* unmanaged<uint, int>)driver("cuInit");
        delegate* unmanaged<int*, int> count = (delegate* unmanaged<int*, int>)driver("cuDeviceGetCount");
        delegate* unmanaged<int*, int, int> get = (delegate* unmanaged<int*, int, int>)driver("cuDeviceGet");
        delegate* unmanaged<byte*, int, int, int> name = (delegate* unmanaged<byte*, int, int, int>)driver("cuDeviceGetName");
        delegate* unmanaged<int*, int, int, int> attribute = (delegate* unmanaged<int*, int, int, int>)driver("cuDeviceGetAttribute");
        delegate* unmanaged<nuint*, int, int> memory = (delegate* unmanaged<nuint*, int, int>)driver("cuDeviceTotalMem_v2");
        if (init is null || count is null || get is null || name is null || attribute is null || memory is null)
        {
            problem = "an NVIDIA driver that lacks functions; install a current one";
            return [];
        }

        int devices = 0, result = init(0);
        if (result == 0)
        {
            result = count(&devices);
        }

        problem = result != 0 ? string.Create(CultureInfo.InvariantCulture, $"an NVIDIA driver that finds no GPU (CUDA error {result})") : devices == 0 ? "an NVIDIA driver, but no GPU" : null;
        List<NvidiaGpu> found = [];
        byte* text = stackalloc byte[256];
        for (int i = 0; i < devices && problem is null; i++)
        {
            int device = 0, major = 0, minor = 0;
            nuint bytes = 0;
            if (get(&device, i) != 0 || name(text, 256, device) != 0 || attribute(&major, CapabilityMajor, device) != 0 || attribute(&minor, CapabilityMinor, device) != 0 || memory(&bytes, device) != 0)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"GPU {i} that does not answer");
                break;
            }

            found.Add(new NvidiaGpu(Marshal.PtrToStringUTF8((nint)text) ?? "", new Version(major, minor), (long)bytes));
        }

        return found;
    }
}
