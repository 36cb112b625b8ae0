using System.Diagnostics;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

/// <summary>The script of the native build that starts the program for this processor (.ci/native/stemsharp).</summary>
public sealed class NativeLauncherTests : IDisposable
{
    private const string Avx2 = "fpu sse4_2 fma avx f16c movbe abm bmi1 avx2 bmi2";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData(Avx2, 0, "x86-64-v3 separate a b.wav")]
    [InlineData(Avx2 + " avx512f avx512dq avx512cd avx512bw", 0, "x86-64-v3 separate a b.wav")]
    [InlineData(Avx2 + " avx512f avx512dq avx512cd avx512bw avx512vl", 0, "x86-64-v4 separate a b.wav")]
    [InlineData("fpu sse4_2 avx", 6, "")]
    [InlineData("fpu sse4_2 avx512f", 6, "")]
    public async Task TheWidestProgramThatFitsIsStarted(string flags, int exitCode, string output)
    {
        string cpu = _folder.Combine("cpuinfo"), script = _folder.Combine("stemsharp"), link = _folder.Combine("link");
        File.WriteAllText(cpu, $"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\nprocessor\t: 1\nflags\t\t: {flags}\n");
        File.Copy(RepositoryFiles.At(".ci", "native", "stemsharp"), script);
        foreach (string level in (string[])["x86-64-v3", "x86-64-v4"])
        {
            string program = $"{script}-{level}";
            File.WriteAllText(program, $"#!/bin/sh\nprintf '%s' \"{level} $1 $2\"\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        // As from a folder on the search path that links to it.
        File.CreateSymbolicLink(link, script);
        ProcessStartInfo start = new("/bin/sh", [link, "separate", "a b.wav"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start.With(new Dictionary<string, string> { ["STEMSHARP_CPUINFO"] = cpu }))!;
        string error = await process.StandardError.ReadToEndAsync(), written = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((exitCode, output), (process.ExitCode, written));
        if (exitCode == 0)
        {
            Assert.Empty(error);
        }
        else
        {
            Assert.Contains("needs a processor with AVX2", error, StringComparison.Ordinal);
        }
    }
}
