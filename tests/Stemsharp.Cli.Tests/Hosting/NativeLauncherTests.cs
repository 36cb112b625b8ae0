using System.Diagnostics;
using System.Runtime.InteropServices;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

/// <summary>The program of the native build that starts the one for this processor (.ci/native/launcher.c).</summary>
public sealed class NativeLauncherTests : IDisposable
{
    private static readonly string[] s_wide = ["avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NativeFact]
    public async Task The_widest_program_that_fits_is_started_without_any_other_program()
    {
        string link = await MakeAsync("x86-64-v3", "x86-64-v4");
        string flags = File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("flags", StringComparison.Ordinal)) + " ";
        bool hasAvx2 = flags.Contains(" avx2 ", StringComparison.Ordinal), hasAvx512 = s_wide.All(flag => flags.Contains($" {flag} ", StringComparison.Ordinal));
        (int code, string output, string error) = await RunAsync(link);
        Assert.Equal(hasAvx512 ? "x86-64-v4 separate a b.wav" : hasAvx2 ? "x86-64-v3 separate a b.wav" : "", output);
        Assert.Equal(hasAvx2 ? 0 : 6, code);
        Assert.Contains(hasAvx2 ? "" : "needs a processor with AVX2", error, StringComparison.Ordinal);

        // As from a service manager with nothing on its path; a level can be chosen.
        (code, output, error) = await RunAsync(link, "x86-64-v3");
        Assert.Equal((0, "x86-64-v3 separate a b.wav", ""), (code, output, error));
    }

    [NativeFact]
    public async Task A_missing_program_is_not_told_as_a_missing_instruction_set()
    {
        string link = await MakeAsync("x86-64-v4");
        (int code, string output, string error) = await RunAsync(link, "x86-64-v3");
        Assert.Equal((6, ""), (code, output));
        Assert.Contains("stemsharp-x86-64-v3 cannot be started: No such file or directory", error, StringComparison.Ordinal);
        Assert.DoesNotContain("AVX", error, StringComparison.Ordinal);
    }

    /// <summary>The launcher in a folder with programs that say what they are, and a link to it as on a search path.</summary>
    private async Task<string> MakeAsync(params string[] levels)
    {
        string launcher = _folder.Combine("stemsharp"), link = _folder.Combine("link");
        using Process compiler = Process.Start("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", launcher, RepositoryFiles.At(".ci", "native", "launcher.c")]);
        await compiler.WaitForExitAsync();
        Assert.Equal(0, compiler.ExitCode);
        foreach (string level in levels)
        {
            string program = $"{launcher}-{level}";
            File.WriteAllText(program, $"#!/bin/sh\nprintf '%s' \"{level} $1 $2\"\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        File.CreateSymbolicLink(link, launcher);
        return link;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, string? level = null)
    {
        ProcessStartInfo start = new(program, ["separate", "a b.wav"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        if (level is not null)
        {
            start.Environment["STEMSHARP_NATIVE_LEVEL"] = level;
        }

        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync(), output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, error);
    }

    /// <summary>A test of what only Linux on x64 has, compiled here.</summary>
    private sealed class NativeFactAttribute : FactAttribute
    {
        public NativeFactAttribute() => Skip = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? new ToolFactAttribute("cc").Skip
            : "The native build is for Linux on x64.";
    }
}
