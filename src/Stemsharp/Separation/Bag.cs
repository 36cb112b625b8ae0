using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>Where the engines for one network come from; they are owned and disposed there.</summary>
internal interface IEngineSource
{
    /// <summary>
    /// Whether results are looked through for what cannot be right, because another engine would go on. Otherwise a sample that is no
    /// number is noticed when it is handed on.
    /// </summary>
    bool ChecksResults { get; }

    /// <summary>The engine, loaded when it is first asked for, and ready for pieces.</summary>
    /// <param name="samples">Samples of the first piece.</param>
    /// <param name="pieces">How many there will be.</param>
    IEngine Open(int samples, long pieces);

    /// <summary>Says that an engine failed and is tried once more: a new one of its kind where the device was lost.</summary>
    /// <param name="failure">How it failed.</param>
    /// <param name="samples">Samples of the next piece.</param>
    /// <param name="pieces">How many there were to be.</param>
    IEngine Retry(EngineException failure, int samples, long pieces);

    /// <summary>Another engine in the place of one that failed; null when there is none.</summary>
    /// <param name="failure">How it failed.</param>
    /// <param name="samples">Samples of the next piece.</param>
    /// <param name="pieces">How many there were to be.</param>
    IEngine? Replace(EngineException failure, int samples, long pieces);
}

/// <summary>One network of a bag.</summary>
/// <param name="Definition">What it is.</param>
/// <param name="Weights">What it counts for each of the model's stems.</param>
/// <param name="Engines">What runs it.</param>
internal sealed record BagMember(NetworkDefinition Definition, IReadOnlyList<double> Weights, IEngineSource Engines);

/// <summary>Which networks are needed for the wanted stems, and what each counts.</summary>
internal sealed class Bag
{
    /// <param name="members">The model's networks, at least one.</param>
    /// <param name="wanted">The wanted stems, by number, in order.</param>
    /// <exception cref="ModelException">No network counts for a wanted stem.</exception>
    public Bag(IReadOnlyList<BagMember> members, IReadOnlyList<int> wanted)
    {
        Wanted = [.. wanted];
        double[] totals = [.. Wanted.Select(stem => members.Sum(member => member.Weights[stem]))];
        for (int i = 0; i < totals.Length; i++)
        {
            if (totals[i] <= 0)
            {
                throw new ModelException(
                    $"No network of the model has a weight for its stem number {Wanted[i]}; the bag's weights are wrong.");
            }
        }

        List<BagPass> passes = [];
        for (int m = 0; m < members.Count; m++)
        {
            double[] shares = [.. Wanted.Select((stem, i) => members[m].Weights[stem] / totals[i])];
            int[] slots = [.. Enumerable.Range(0, shares.Length).Where(i => shares[i] > 0)];
            if (slots.Length > 0)
            {
                passes.Add(new BagPass(members[m], m, slots, [.. slots.Select(i => Wanted[i])], [.. slots.Select(i => shares[i])]));
            }
        }

        Passes = passes;
    }

    /// <summary>The wanted stems, by number.</summary>
    public IReadOnlyList<int> Wanted { get; }

    /// <summary>One pass over the track per network that matters.</summary>
    public IReadOnlyList<BagPass> Passes { get; }
}

/// <summary>One network's pass over the track.</summary>
/// <param name="Member">The network.</param>
/// <param name="Index">Its position in the bag.</param>
/// <param name="Slots">Which of the wanted stems it contributes to, by their place among them.</param>
/// <param name="Stems">The same stems, by their number in the network.</param>
/// <param name="Shares">What it counts for each, all networks' shares adding up to 1.</param>
internal sealed record BagPass(BagMember Member, int Index, int[] Slots, int[] Stems, double[] Shares);
