using System.Runtime.CompilerServices;
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
    /// <param name="wanted">The wanted stems, by number, in order; one more than the networks give is their complement.</param>
    /// <exception cref="ModelException">No network counts for a wanted stem.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Bag(IReadOnlyList<BagMember> members, IReadOnlyList<int> wanted)
    {
        Wanted = [.. wanted];
        int given = members[0].Definition.Stems.Length;
        Complement = Wanted.Count > 0 && Wanted[^1] == given ? Wanted.Count - 1 : null;
        int[] stems = Complement is null ? [.. Wanted] : [.. Wanted, .. Enumerable.Range(0, given).Except(Wanted)];
        Slots = stems.Length;
        double[] totals = [.. stems.Select((stem, slot) => slot == Complement ? 0 : members.Sum(member => member.Weights[stem]))];
        for (int i = 0; i < totals.Length; i++)
        {
            if (totals[i] <= 0 && i != Complement)
            {
                throw new ModelException(
                    $"No network of the model has a weight for its stem number {stems[i]}; the bag's weights are wrong.");
            }
        }

        List<BagPass> passes = [];
        for (int m = 0; m < members.Count; m++)
        {
            double[] shares = [.. stems.Select((stem, i) => i == Complement ? 0 : members[m].Weights[stem] / totals[i])];
            int[] slots = [.. Enumerable.Range(0, shares.Length).Where(i => shares[i] > 0)];
            if (slots.Length > 0)
            {
                passes.Add(new BagPass(members[m], m, slots, [.. slots.Select(i => stems[i])], [.. slots.Select(i => shares[i])]));
            }
        }

        Passes = passes;
    }

    /// <summary>The wanted stems, by number.</summary>
    public IReadOnlyList<int> Wanted { get; }

    /// <summary>The place among <see cref="Wanted"/> of the mix less all that the networks give; null where it is not wanted.</summary>
    public int? Complement { get; }

    /// <summary>Stems that are computed: the wanted ones, and behind them those that only the complement needs.</summary>
    public int Slots { get; }

    /// <summary>One pass over the track per network that matters.</summary>
    public IReadOnlyList<BagPass> Passes { get; }
}

/// <summary>One network's pass over the track.</summary>
/// <param name="Member">The network.</param>
/// <param name="Index">Its position in the bag.</param>
/// <param name="Slots">Which of the computed stems it contributes to, by their place among them.</param>
/// <param name="Stems">The same stems, by their number in the network.</param>
/// <param name="Shares">What it counts for each, all networks' shares adding up to 1.</param>
internal sealed record BagPass(BagMember Member, int Index, int[] Slots, int[] Stems, double[] Shares);
