namespace Stemsharp.Evaluation;

/// <summary>Order statistics of scores, among which some may be undefined.</summary>
public static class Statistics
{
    /// <summary>
    /// The median of the finite values, as museval takes it: undefined and infinite ones are left out. If there
    /// are only infinite ones, one of them; NaN if there is nothing.
    /// </summary>
    /// <param name="values">In any order.</param>
    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    /// <summary>A quantile of the finite values, linear between neighbours as numpy's default.</summary>
    /// <param name="values">In any order; treated as by <see cref="Median"/>.</param>
    /// <param name="share">0 for the smallest … 1 for the largest.</param>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        ArgumentNullException.ThrowIfNull(values);
        double[] all = [.. values];
        double[] finite = [.. all.Where(double.IsFinite).Order()];
        if (finite.Length == 0)
        {
            return all.FirstOrDefault(double.IsInfinity, double.NaN);
        }

        double position = share * (finite.Length - 1);
        int below = Math.Clamp((int)Math.Floor(position), 0, finite.Length - 1);
        int above = Math.Min(below + 1, finite.Length - 1);
        return finite[below] + (position - below) * (finite[above] - finite[below]);
    }

    /// <summary>The mean of the finite values; NaN if there are none.</summary>
    /// <param name="values">In any order.</param>
    public static double Mean(IEnumerable<double> values) =>
        values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
}
