using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Stemsharp.Vulkan.Native;

/// <summary>Finds the system's Vulkan loader; there may be none.</summary>
internal static unsafe class VulkanLoader
{
    /// <summary>Names of a library to try first, for tests and unusual installations.</summary>
    public const string Variable = "STEMSHARP_VULKAN";

    private static readonly Lazy<nint> s_library = new(() => Find(Environment.GetEnvironmentVariable(Variable)));

    private static IEnumerable<string> Names =>
        OperatingSystem.IsWindows() ? ["vulkan-1.dll"]
        : OperatingSystem.IsMacOS() ? ["libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib"]
        : ["libvulkan.so.1", "libvulkan.so"];

    /// <summary>The loader's first function, or why there is none.</summary>
    public static bool TryGet(out delegate* unmanaged<nint, byte*, nint> getProcAddress, [NotNullWhen(false)] out string? reason) =>
        TryGet(s_library.Value, out getProcAddress, out reason);

    /// <summary>The same of a library that <see cref="Find(string?)"/> gave.</summary>
    public static bool TryGet(nint library, out delegate* unmanaged<nint, byte*, nint> getProcAddress, [NotNullWhen(false)] out string? reason)
    {
        getProcAddress = null;
        reason = null;
        if (library == 0)
        {
            reason = $"There is no Vulkan on this system ({string.Join(", ", Names.Take(2))} not found). It comes with the display driver; on Debian and Ubuntu the loader is the package libvulkan1. {Variable} can name the library.";
            return false;
        }

        if (!NativeLibrary.TryGetExport(library, "vkGetInstanceProcAddr", out nint address))
        {
            reason = "The library that was found as Vulkan has no vkGetInstanceProcAddr: it is no Vulkan loader.";
            return false;
        }

        getProcAddress = (delegate* unmanaged<nint, byte*, nint>)address;
        return true;
    }

    /// <summary>The library of that name, or of the system's names; 0 where there is none.</summary>
    public static nint Find(string? named)
    {
        foreach (string name in string.IsNullOrEmpty(named) ? Names : [named])
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        return 0;
    }
}
