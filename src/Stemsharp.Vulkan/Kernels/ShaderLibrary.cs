using System.Reflection;
using System.Runtime.InteropServices;

namespace Stemsharp.Vulkan.Kernels;

/// <summary>The compiled modules that are embedded in this assembly.</summary>
internal static class ShaderLibrary
{
    /// <summary>Words of a module.</summary>
    /// <param name="name">Such as <c>gemm</c> or <c>gemm.half</c>.</param>
    public static uint[] Load(string name)
    {
        Assembly assembly = typeof(ShaderLibrary).Assembly;
        using Stream stream = assembly.GetManifestResourceStream($"{name}.spv") ?? throw new InvalidOperationException($"There is no module {name}.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return MemoryMarshal.Cast<byte, uint>(bytes).ToArray();
    }

    /// <summary>Names of all modules.</summary>
    public static IReadOnlyList<string> Names() =>
        [.. typeof(ShaderLibrary).Assembly.GetManifestResourceNames().Where(n => n.EndsWith(".spv", StringComparison.Ordinal)).Select(n => n[..^4]).Order(StringComparer.Ordinal)];
}
