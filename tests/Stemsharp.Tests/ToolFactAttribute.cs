using Xunit;

namespace Stemsharp.Tests;

/// <summary>
/// A test that needs programs from the search path, such as ffmpeg. Without them it is skipped, with the
/// reason; where STEMSHARP_REQUIRE_ALL=1 is set (CI) it runs regardless, and fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(string tool) => Skip = WhyNot(tool);

    /// <summary>Whether this run forbids skipping.</summary>
    public static bool RequireAll => Environment.GetEnvironmentVariable("STEMSHARP_REQUIRE_ALL") == "1";

    internal static string? WhyNot(string tool) => RequireAll || OnPath(tool) ? null : $"{tool} is not on the search path.";

    private static bool OnPath(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, tool)) || File.Exists(Path.Combine(folder, tool + ".exe")));
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(string tool) => Skip = ToolFactAttribute.WhyNot(tool);
}
