using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Tests.Kernels;

/// <summary>Every kernel on every instruction set, against plain double-precision loops.</summary>
public class KernelTests
{
    [TierTheory, TierData]
    public void Products_agree_at_every_length(string tier) => Cases(tier).Products();

    [TierTheory, TierData]
    public void Products_of_rows_that_lie_apart_agree(string tier) => Cases(tier).StridedProducts();

    [TierTheory, TierData]
    public void Packed_weights_give_the_same_bits_in_any_form(string tier) => Cases(tier).Weights();

    [TierTheory, TierData]
    public void Elementary_functions_agree_with_the_mathematical_ones_in_every_lane(string tier) => Cases(tier).Functions();

    [TierTheory, TierData]
    public void Moments_agree_at_lengths_around_every_vector_and_chain(string tier) => Cases(tier).Moments();

    [TierTheory, TierData]
    public void Attention_agrees_around_every_block_of_keys(string tier) => Cases(tier).Attention();

    [TierTheory, TierData]
    public void Attention_agrees_where_later_keys_outweigh_the_earlier_ones(string tier) => Cases(tier).RisingAttention();

    [TierTheory, TierData]
    public void Layer_norm_agrees_around_every_chain(string tier) => Cases(tier).LayerNorm();

    [TierTheory, TierData]
    public void Panels_hold_what_their_sources_hold(string tier) => Cases(tier).Panels();

    [TierTheory, TierData]
    public void Winograd_gives_the_plain_convolution(string tier) => Cases(tier).Winograd();

    [TierTheory, TierData]
    public void A_pair_of_rows_gives_the_plain_convolution(string tier) => Cases(tier).RowPairs();

    private static IKernelCases Cases(string tier) => Tiers.Named(tier).Bits switch
    {
        512 => new KernelCases<Simd512, Vector512<float>>(),
        256 => new KernelCases<Simd256, Vector256<float>>(),
        128 => new KernelCases<Simd128, Vector128<float>>(),
        _ => new KernelCases<Simd1, float>(),
    };
}

internal interface IKernelCases
{
    void Products();

    void StridedProducts();

    void Weights();

    void Functions();

    void Moments();

    void Attention();

    void RisingAttention();

    void LayerNorm();

    void Panels();

    void Winograd();

    void RowPairs();
}
