using Xunit;

namespace Stemsharp.Tests;

/// <summary>A test of what only Linux tells or has, such as /proc. Elsewhere it is skipped, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "This test needs Linux.";
    }
}
