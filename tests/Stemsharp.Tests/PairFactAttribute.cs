using Stemsharp.Kernels.Paired;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>A test of products of bfloat16 that takes a processor with them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PairFactAttribute : FactAttribute
{
    public PairFactAttribute() => Skip = PairTests.SkipReason;
}

/// <summary>Whether such tests can run.</summary>
internal static class PairTests
{
    /// <summary>Why they cannot; where the processor could and the system refuses, they fail instead.</summary>
    public static string? SkipReason => PairKernels.IsSupported ? null : "This processor has no AVX512_BF16.";
}
