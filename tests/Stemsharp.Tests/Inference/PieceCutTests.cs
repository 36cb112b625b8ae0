using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.Tests.Inference;

/// <summary>Which lengths a network takes, and how a track is cut into them.</summary>
public class PieceCutTests
{
    [Fact]
    public void Lengths_are_steps_from_the_least_to_the_most()
    {
        NetworkLengths lengths = new(64, 16, 100);
        Assert.Equal([64, 80, 96], Enumerable.Range(0, 200).Where(lengths.Takes));
        Assert.Equal([64, 64, 80, 96, null, null], ((int[])[1, 64, 65, 96, 97, 100]).Select(lengths.AtLeast));
        Assert.False(lengths.IsOne);
    }

    [Fact]
    public void One_length_any_up_to_one_and_any()
    {
        Assert.True(NetworkLengths.Only(5).IsOne && NetworkLengths.Only(5).Takes(5) && !NetworkLengths.Only(5).Takes(4));
        Assert.Equal(5, NetworkLengths.Only(5).AtLeast(1));
        Assert.Null(NetworkLengths.Only(5).AtLeast(6));
        Assert.True(!NetworkLengths.UpTo(5).IsOne && NetworkLengths.UpTo(5).Takes(1) && NetworkLengths.UpTo(5).Takes(5) && !NetworkLengths.UpTo(5).Takes(6));
        Assert.Equal(int.MaxValue, NetworkLengths.Any.AtLeast(int.MaxValue));

        // Of one length too: the next one is beyond the most.
        Assert.True(new NetworkLengths(5, 10, 14).IsOne);
    }

    [Fact]
    public void Steps_that_would_pass_the_largest_number_are_none() =>
        Assert.Null(new NetworkLengths(1, 2_000_000_000, int.MaxValue).AtLeast(2_000_000_002));

    [Theory]
    [InlineData(343_980, 3, 4, null, 257_985)]
    [InlineData(343_980, 3, 4, 0.25, 257_985)]
    [InlineData(1001, 1, 4, null, 250)]
    [InlineData(3, 1, 4, null, 1)]
    [InlineData(1000, 1, 2, 0.9999, 1)]
    [InlineData(2_000_000_000, 3, 4, null, 1_500_000_000)]
    public void The_step_is_a_share_of_a_piece(int samples, int numerator, int denominator, double? overlap, int expected) =>
        Assert.Equal(expected, Cut(PieceWindow.Whole, numerator, denominator).StepOf(samples, overlap));

    [Theory]
    [InlineData(PieceWindow.Whole, false, 1000)]
    [InlineData(PieceWindow.Whole, true, 1000)]
    [InlineData(PieceWindow.Shortest, false, 304)]
    [InlineData(PieceWindow.Shortest, true, 304)]
    [InlineData(PieceWindow.ShortestUnlessSet, false, 304)]
    [InlineData(PieceWindow.ShortestUnlessSet, true, 1000)]
    public void A_short_piece_is_shown_by_itself_or_in_a_whole_window(PieceWindow window, bool isSet, int expected) =>
        Assert.Equal(expected, Cut(window).WindowOf(300, 1000, isSet));

    [Theory]
    [InlineData(1499, 0)]
    [InlineData(1500, 0)]
    [InlineData(1501, 750)]
    public void A_border_needs_a_track_that_is_longer_than_both(long length, int expected) =>
        Assert.Equal(expected, (Cut(PieceWindow.Whole) with { Border = TrackBorder.Mirrored }).BorderOf(length, 1000, 250));

    private static PieceCut Cut(PieceWindow window, int numerator = 3, int denominator = 4) => new()
    {
        Samples = 1000,
        Lengths = new NetworkLengths(8, 8, 1000),
        StepNumerator = numerator,
        StepDenominator = denominator,
        Window = window,
    };
}
