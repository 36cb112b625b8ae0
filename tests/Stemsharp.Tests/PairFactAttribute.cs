using Stemsharp.Kernels.Paired;
using Stemsharp.MachineCode;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>A test of products of bfloat16 that takes a processor with them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PairFactAttribute : FactAttribute
{
    public PairFactAttribute() => Skip = PairTests.SkipReason;
}

/// <summary>Whether such tests can run.</summary>
internal static unsafe class PairTests
{
    /// <summary>Why they cannot; where the processor could and the system refuses, they fail instead.</summary>
    public static string? SkipReason => PairKernels.IsSupported ? null : "This processor has no AVX512_BF16.";

    /// <summary>This processor's products in vectors, whatever else it has.</summary>
    public static VectorPairs Vectors => VectorPairs.Make(PairKernels.IsSupported, ExecutableMemory.Publish) is var (vectors, refusal) && vectors is not null
        ? vectors
        : throw new InvalidOperationException(refusal);

    /// <summary>Makes nothing callable.</summary>
    public static byte* Refuse(ReadOnlySpan<byte> code, out string refusal)
    {
        refusal = "the system refuses executable memory (Permission denied)";
        return null;
    }

    /// <summary>Makes functions that return at once callable in the place of others.</summary>
    public static byte* Empty(ReadOnlySpan<byte> code, out string refusal)
    {
        byte[] returns = new byte[code.Length];
        Array.Fill(returns, (byte)0xC3);
        return ExecutableMemory.Publish(returns, out refusal);
    }
}
