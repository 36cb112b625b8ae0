using System.Runtime.Intrinsics;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <summary>Every kernel on every vector width that this processor has, against plain double-precision loops.</summary>
public class AvxWideKernelTests() : KernelTests<Simd512Tests>(512);

public class AvxKernelTests() : KernelTests<Simd256Tests>(256);

public class NarrowKernelTests() : KernelTests<Simd128Tests>(128);

public class ScalarKernelTests() : KernelTests<Simd1Tests>(0);

public abstract class KernelTests<TCases>(int bits)
    where TCases : IKernelCases, new()
{
    // A tier that the processor lacks is run by no test; the table says so (the tests then have nothing to check).
    private readonly bool _supported = SimdTier.All.Single(t => t.Bits == bits).IsSupported;

    [Fact]
    public void Products_agree_at_every_length() => Run(c => c.Products());

    [Fact]
    public void Packed_weights_give_the_same_bits_in_any_form() => Run(c => c.Weights());

    [Fact]
    public void Elementary_functions_agree_with_the_mathematical_ones() => Run(c => c.Functions());

    [Fact]
    public void Moments_agree_at_lengths_around_every_vector_boundary() => Run(c => c.Moments());

    [Fact]
    public void Attention_agrees_for_any_number_of_keys() => Run(c => c.Attention());

    [Fact]
    public void Layer_norm_agrees() => Run(c => c.LayerNorm());

    [Fact]
    public void Interleaving_is_undone_by_deinterleaving() => Run(c => c.Interleaving());

    [Fact]
    public void Winograd_gives_the_plain_convolution() => Run(c => c.Winograd());

    [Fact]
    public void A_pair_of_rows_gives_the_plain_convolution() => Run(c => c.RowPairs());

    private void Run(Action<TCases> check)
    {
        if (_supported)
        {
            check(new TCases());
        }
    }
}

public interface IKernelCases
{
    void Products();

    void Weights();

    void Functions();

    void Moments();

    void Attention();

    void LayerNorm();

    void Interleaving();

    void Winograd();

    void RowPairs();
}

public sealed class Simd512Tests : IKernelCases
{
    public void Products() => KernelCases<Simd512, Vector512<float>>.Products();

    public void Weights() => KernelCases<Simd512, Vector512<float>>.Weights();

    public void Functions() => KernelCases<Simd512, Vector512<float>>.Functions();

    public void Moments() => KernelCases<Simd512, Vector512<float>>.Moments();

    public void Attention() => KernelCases<Simd512, Vector512<float>>.Attention();

    public void LayerNorm() => KernelCases<Simd512, Vector512<float>>.LayerNorm();

    public void Interleaving() => KernelCases<Simd512, Vector512<float>>.Interleaving();

    public void Winograd() => KernelCases<Simd512, Vector512<float>>.Winograd();

    public void RowPairs() => KernelCases<Simd512, Vector512<float>>.RowPairs();
}

public sealed class Simd256Tests : IKernelCases
{
    public void Products() => KernelCases<Simd256, Vector256<float>>.Products();

    public void Weights() => KernelCases<Simd256, Vector256<float>>.Weights();

    public void Functions() => KernelCases<Simd256, Vector256<float>>.Functions();

    public void Moments() => KernelCases<Simd256, Vector256<float>>.Moments();

    public void Attention() => KernelCases<Simd256, Vector256<float>>.Attention();

    public void LayerNorm() => KernelCases<Simd256, Vector256<float>>.LayerNorm();

    public void Interleaving() => KernelCases<Simd256, Vector256<float>>.Interleaving();

    public void Winograd() => KernelCases<Simd256, Vector256<float>>.Winograd();

    public void RowPairs() => KernelCases<Simd256, Vector256<float>>.RowPairs();
}

public sealed class Simd128Tests : IKernelCases
{
    public void Products() => KernelCases<Simd128, Vector128<float>>.Products();

    public void Weights() => KernelCases<Simd128, Vector128<float>>.Weights();

    public void Functions() => KernelCases<Simd128, Vector128<float>>.Functions();

    public void Moments() => KernelCases<Simd128, Vector128<float>>.Moments();

    public void Attention() => KernelCases<Simd128, Vector128<float>>.Attention();

    public void LayerNorm() => KernelCases<Simd128, Vector128<float>>.LayerNorm();

    public void Interleaving() => KernelCases<Simd128, Vector128<float>>.Interleaving();

    public void Winograd() => KernelCases<Simd128, Vector128<float>>.Winograd();

    public void RowPairs() => KernelCases<Simd128, Vector128<float>>.RowPairs();
}

public sealed class Simd1Tests : IKernelCases
{
    public void Products() => KernelCases<Simd1, float>.Products();

    public void Weights() => KernelCases<Simd1, float>.Weights();

    public void Functions() => KernelCases<Simd1, float>.Functions();

    public void Moments() => KernelCases<Simd1, float>.Moments();

    public void Attention() => KernelCases<Simd1, float>.Attention();

    public void LayerNorm() => KernelCases<Simd1, float>.LayerNorm();

    public void Interleaving() => KernelCases<Simd1, float>.Interleaving();

    public void Winograd() => KernelCases<Simd1, float>.Winograd();

    public void RowPairs() => KernelCases<Simd1, float>.RowPairs();
}
