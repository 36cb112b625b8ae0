using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Simd;

/// <summary>The table of instruction sets, and the setting that forces one.</summary>
public class SimdTierTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Without_a_setting_the_widest_is_chosen(string? setting) =>
        Assert.Equal(SimdTier.All.Where(t => t.IsSupported).Max(t => t.Bits), SimdTier.Choose(setting).Bits);

    [TierTheory, TierData]
    public void A_setting_names_its_tier(string tier)
    {
        SimdTier expected = Tiers.Named(tier);
        Assert.Same(expected, SimdTier.Choose(expected.Setting));
        Assert.Same(expected, SimdTier.Choose($" {expected.Setting.ToUpperInvariant()} "));
    }

    [Theory]
    [InlineData("sse2")]
    [InlineData("AVX-512")]
    [InlineData("256")]
    public void Another_setting_is_refused_with_what_is_valid(string setting)
    {
        OptionException error = Assert.Throws<OptionException>(() => SimdTier.Choose(setting));
        Assert.Contains($"STEMSHARP_INSTRUCTIONS is '{setting}'", error.Message);
        Assert.Contains("128, scalar, or nothing", error.Message);
    }

    [Fact]
    public void What_the_process_lacks_is_refused_and_not_named_as_valid()
    {
        foreach (SimdTier missing in SimdTier.All.Where(t => !t.IsSupported))
        {
            OptionException error = Assert.Throws<OptionException>(() => SimdTier.Choose(missing.Setting));
            Assert.Contains($"this process has no {missing.Name}", error.Message);
            Assert.DoesNotContain($"{missing.Setting},", error.Message[error.Message.IndexOf("Valid", StringComparison.Ordinal)..]);
        }
    }
}
