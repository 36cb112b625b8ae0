namespace Stemsharp.Web.Separation;

/// <summary>How fast models are on this machine.</summary>
internal static class ModelSpeed
{
    /// <summary>How much smaller a model may be to tell how fast another one is.</summary>
    private const double LargestStep = 4;

    /// <summary>
    /// Seconds of song a second of work: as the model's own last songs tell; or else by what it computes, at the rate at which models of
    /// about its size or larger have worked here, or at the machine's where none has; null where that is not known.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="measured">Models that have been at work here, with their speeds.</param>
    /// <param name="work">What models compute for a second of song, in GFLOP.</param>
    /// <param name="machine">What the machine computes in a second, in GFLOP; null before that was measured.</param>
    public static double? Of(string model, IReadOnlyDictionary<string, double> measured, IReadOnlyDictionary<string, double> work, double? machine)
    {
        if (measured.TryGetValue(model, out double speed))
        {
            return speed;
        }

        if (!work.TryGetValue(model, out double own) || own <= 0)
        {
            return null;
        }

        // Architectures reach about the same share of what a processor can. A small network's songs are mostly reading and writing, and say
        // nothing of a large one's.
        double[] rates = [.. measured.Where(one => work.GetValueOrDefault(one.Key) >= own / LargestStep).Select(one => one.Value * work[one.Key]).Order()];
        return (rates.Length > 0 ? rates[rates.Length / 2] : machine) / own;
    }
}
