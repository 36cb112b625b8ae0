namespace Stemsharp.Web.Separation;

/// <summary>How fast models are on this machine, from those that have been at work here.</summary>
internal static class ModelSpeed
{
    /// <summary>What a model computes for a second of song, in GFLOP: its networks' own operations over what is new of a segment.</summary>
    private static readonly Dictionary<string, double> s_work = new()
    {
        ["htdemucs"] = 57.3,
        ["htdemucs_6s"] = 43.8,
        ["htdemucs_ft"] = 4 * 57.3,
    };

    /// <summary>Seconds of song a second of work; null where nothing is known.</summary>
    /// <param name="model">The model.</param>
    /// <param name="measured">Models that have been at work here, with their speeds.</param>
    public static double? Of(string model, IReadOnlyDictionary<string, double> measured)
    {
        if (measured.TryGetValue(model, out double speed))
        {
            return speed;
        }

        return s_work.TryGetValue(model, out double work) && measured.Keys.FirstOrDefault(s_work.ContainsKey) is { } known
            ? measured[known] * s_work[known] / work
            : null;
    }
}
