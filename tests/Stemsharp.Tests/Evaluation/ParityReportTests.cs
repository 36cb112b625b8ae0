using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

public class ParityReportTests
{
    [Fact]
    public void Equal_numbers_agree_without_bound()
    {
        ParityReport report = ParityReport.Compare([1, -2, 3], [1, -2, 3]);
        Assert.Equal(double.PositiveInfinity, report.Snr);
        Assert.Equal(0, report.MaxDifference);
        Assert.Equal(-1, report.MaxDifferenceAt);
        Assert.True(report.AllClose);
    }

    [Fact]
    public void Differences_are_measured_and_placed()
    {
        // Σs² = 1 + 4 + 16 = 21, Σ(s − ŝ)² = 0.25: 10·log10(84) = 19.2428.
        ParityReport report = ParityReport.Compare([1, -2, 4], [1, -1.5f, 4], relativeTolerance: 0.1, absoluteTolerance: 0.01);
        Assert.Equal(19.2428, report.Snr, 4);
        Assert.Equal(0.5, report.MaxDifference);
        Assert.Equal(1, report.MaxDifferenceAt);
        Assert.Equal(1, report.OutOfTolerance);
        Assert.False(report.AllClose);
    }

    [Theory]
    [InlineData(1.11, false)]
    [InlineData(1.109, true)]
    public void Tolerance_is_absolute_plus_relative_to_the_truth(double actual, bool close) =>
        Assert.Equal(close, ParityReport.Compare([1], [(float)actual], relativeTolerance: 0.1, absoluteTolerance: 0.0095).AllClose);

    [Fact]
    public void A_number_that_is_none_is_never_close()
    {
        ParityReport report = ParityReport.Compare([1, 2], [1, float.NaN], relativeTolerance: 10, absoluteTolerance: 10);
        Assert.False(report.AllClose);
        Assert.Equal(1, report.OutOfTolerance);
        Assert.True(double.IsNaN(report.Snr));
        Assert.True(double.IsNaN(report.MaxDifference));
        Assert.Equal(1, report.MaxDifferenceAt);
    }

    [Fact]
    public void Pieces_add_up_to_the_whole()
    {
        float[] expected = [.. BssEvalCases.Noise(1, 1000).Select(value => (float)value)];
        float[] actual = [.. expected.Select((value, i) => value + (i == 700 ? 0.01f : 1e-6f))];
        ParityMeter meter = new();
        meter.Add(expected.AsSpan(0, 300), actual.AsSpan(0, 300));
        meter.Add(expected.AsSpan(300), actual.AsSpan(300));
        Assert.Equal(ParityReport.Compare(expected, actual), meter.Report());
        Assert.Equal(700, meter.Report().MaxDifferenceAt);
    }

    [Fact]
    public void Lengths_must_agree() => Assert.Throws<OptionException>(() => ParityReport.Compare([1], [1, 2]));

    [Theory]
    [InlineData(new[] { 3.0, 1, 2 }, 2)]
    [InlineData(new[] { 4.0, 1, 2, 3 }, 2.5)]
    [InlineData(new[] { double.NaN, 1, double.PositiveInfinity, 3 }, 2)]
    [InlineData(new[] { double.PositiveInfinity, double.NaN }, double.PositiveInfinity)]
    [InlineData(new[] { double.NaN }, double.NaN)]
    [InlineData(new double[0], double.NaN)]
    public void Medians_leave_out_what_is_not_finite(double[] values, double median) =>
        Assert.Equal(median, Statistics.Median(values));

    [Fact]
    public void Quantiles_lie_between_neighbours_as_numpy_has_them()
    {
        // numpy.quantile([1, 2, 4, 8], [0, 0.25, 0.9, 1]) = 1, 1.75, 6.8, 8.
        double[] values = [8, 1, 4, 2];
        Assert.Equal([1, 1.75, 6.8, 8], new[] { 0, 0.25, 0.9, 1 }.Select(share => Math.Round(Statistics.Quantile(values, share), 9)));
        Assert.Equal(3.75, Statistics.Mean([8, 1, 4, 2, double.NaN]));
    }
}
