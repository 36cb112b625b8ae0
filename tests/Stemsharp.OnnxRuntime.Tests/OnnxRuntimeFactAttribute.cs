using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>
/// A test that needs a native onnxruntime, found as the library finds it. Without one it is skipped, with the
/// reason; where STEMSHARP_REQUIRE_ALL=1 is set it runs regardless, and fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxRuntimeFactAttribute : FactAttribute
{
    public OnnxRuntimeFactAttribute() => Skip = OnnxRuntimeTests.SkipReason;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxRuntimeTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeTheoryAttribute() => Skip = OnnxRuntimeTests.SkipReason;
}

/// <summary>Whether there is an onnxruntime to test with.</summary>
internal static class OnnxRuntimeTests
{
    private static readonly Lazy<string?> s_reason = new(Find);

    public static string? SkipReason => ToolFactAttribute.RequireAll ? null : s_reason.Value;

    private static string? Find()
    {
        try
        {
            OnnxRuntimeLibrary.Load();
            return null;
        }
        catch (ExternalToolException e)
        {
            return e.Message;
        }
    }
}
