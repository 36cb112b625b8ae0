using System.Diagnostics;
using Stemsharp.Tests;
using Stemsharp.Vulkan.Kernels;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The modules that are embedded.</summary>
public class ShaderTests
{
    [ToolFact("glslc")]
    public void Modules_are_what_the_sources_compile_to()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-shaders").FullName;
        try
        {
            string shaders = RepositoryFiles.At("src", "Stemsharp.Vulkan", "Shaders");
            using Process process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(shaders, "compile"), folder]))!;
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            string[] compiled = [.. Directory.GetFiles(folder).Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];
            Assert.Equal(compiled, ShaderLibrary.Names());
            foreach (string name in compiled)
            {
                Assert.True(File.ReadAllBytes(Path.Combine(folder, name + ".spv")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(shaders, name + ".spv"))), $"{name}.spv is not what its source compiles to; run {shaders}/compile.");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("matrix")]
    [InlineData("matrixattention")]
    public void The_Khronos_form_has_nothing_of_the_other_left(string name)
    {
        uint[] before = ShaderLibrary.Load(name), after = CooperativeRewriter.ToKhronos(before);
        List<uint[]> old = Instructions(before), rewritten = Instructions(after);
        Assert.DoesNotContain(rewritten, i => Code(i) is >= 5358 and <= 5362 || (Code(i) == 17 && i[1] == 5357) || (Code(i) == 52 && i[3] is >= 5358 and <= 5362));
        Assert.Contains(rewritten, i => Code(i) == 17 && i[1] == 6022);
        foreach ((int from, int to, int longer) in new[] { (5358, 4456, 1), (5359, 4457, 0), (5360, 4458, 0), (5361, 4459, 0) })
        {
            uint[][] a = [.. old.Where(i => Code(i) == from)], b = [.. rewritten.Where(i => Code(i) == to)];
            Assert.NotEmpty(a);
            Assert.Equal(a.Select(i => i.Length + longer), b.Select(i => i.Length));
        }

        // The new constants are what types and loads name, are declared before them, and are within the bound.
        uint first = before[3];
        Assert.Equal(first + 3, after[3]);
        int declared = rewritten.FindIndex(i => Code(i) == 43 && i[2] == first);
        Assert.InRange(declared, 0, rewritten.FindIndex(i => Code(i) == 4456));
        Assert.Equal([0u, 1u, 2u], rewritten.Where(i => Code(i) == 4456).Select(i => i[6] - first).Distinct().Order());
        Assert.All(rewritten.Where(i => Code(i) == 4457), i => Assert.InRange(i[4] - first, 0u, 1u));
        Assert.All(rewritten.Where(i => Code(i) == 4458), i => Assert.InRange(i[3] - first, 0u, 1u));
    }

    private static int Code(uint[] instruction) => (int)(instruction[0] & 0xffff);

    private static List<uint[]> Instructions(uint[] module)
    {
        List<uint[]> found = [];
        for (int at = 5; at < module.Length; at += (int)(module[at] >> 16))
        {
            found.Add(module[at..(at + (int)(module[at] >> 16))]);
        }

        return found;
    }
}
