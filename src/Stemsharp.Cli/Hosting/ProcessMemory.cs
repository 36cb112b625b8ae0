using System.Diagnostics;
using System.Globalization;

namespace Stemsharp.Cli.Hosting;

/// <summary>How much memory this process has used at most.</summary>
internal static class ProcessMemory
{
    /// <summary>The peak of resident memory in bytes: VmHWM on Linux, the peak working set elsewhere.</summary>
    internal static long Peak()
    {
        if (OperatingSystem.IsLinux())
        {
            foreach (string line in File.ReadLines("/proc/self/status"))
            {
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan(6).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
                }
            }
        }

        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
