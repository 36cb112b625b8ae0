using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Simd;

/// <summary>Against numbers that other implementations publish for the seed 1234567.</summary>
public class SplitMix64Tests
{
    private static readonly ulong[] s_published =
        [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];

    [Fact]
    public void The_sequence_is_the_published_one()
    {
        SplitMix64 random = new(1234567);
        Assert.Equal(s_published, s_published.Select(_ => random.Next()));
    }

    [Fact]
    public void Any_number_can_be_had_by_itself() =>
        Assert.Equal(s_published, Enumerable.Range(0, s_published.Length).Select(i => SplitMix64.At(1234567, i)));
}
