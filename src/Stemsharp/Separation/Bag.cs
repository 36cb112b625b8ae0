namespace Stemsharp.Separation;

/// <summary>What separation must know of a network besides its shapes.</summary>
/// <param name="SampleRate">In Hz.</param>
/// <param name="Channels">Audio channels.</param>
/// <param name="TrainingSamples">Samples of a training segment, the longest piece it takes.</param>
/// <param name="PadsToTraining">Whether shorter pieces are lengthened to it with zeros, or run at their own length.</param>
/// <param name="Nfft">FFT size.</param>
internal sealed record NetworkTraits(int SampleRate, int Channels, int TrainingSamples, bool PadsToTraining, int Nfft);

/// <summary>One network of a bag.</summary>
/// <param name="Traits">What it is.</param>
/// <param name="Weights">What it counts for each of the model's stems.</param>
/// <param name="Runners">
/// Gives runners for segments of so many samples: as many as there should be at work at once, for so many segments to
/// come. The giver owns them, and may dispose them when it is asked for others.
/// </param>
internal sealed record BagMember(NetworkTraits Traits, IReadOnlyList<double> Weights, Func<int, long, IReadOnlyList<SegmentRunner>> Runners);

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
