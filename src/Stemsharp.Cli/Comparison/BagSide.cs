using System.Diagnostics.CodeAnalysis;

namespace Stemsharp.Cli.Comparison;

/// <summary>A bag of networks as a side of a comparison: one network is in memory at a time, as in a separation.</summary>
internal sealed class BagSide : ComparedSide
{
    private readonly IReadOnlyList<ModelMember> _members;
    private readonly Func<ModelMember, ComparedSide> _open;

    /// <param name="name">The side's name.</param>
    /// <param name="source">The bag.</param>
    /// <param name="open">Opens one of its networks.</param>
    /// <exception cref="OptionException">The networks take segments of different lengths.</exception>
    [SetsRequiredMembers]
    internal BagSide(string name, ModelSource source, Func<ModelMember, ComparedSide> open)
    {
        int[] lengths = [.. source.Members.Select(m => m.Definition.Cut.Samples).Distinct()];
        if (lengths.Length > 1)
        {
            throw new OptionException($"The networks of {name} take segments of {string.Join(" and ", lengths)} samples; only equal ones can be compared. Compare its members one by one: {string.Join(", ", source.Members.Select(m => m.Signature))}.");
        }

        (_members, _open) = (source.Members, open);
        (Name, Stems, SampleRate) = (name, source.Stems, source.SampleRate);
        (Channels, Samples) = (source.Members[0].Definition.Channels, lengths[0]);
    }

    internal override float[] Run(float[] mix, CancellationToken cancellationToken)
    {
        int size = Channels * Samples;
        double[] sums = new double[Stems.Count * size];
        double seconds = 0;
        foreach (ModelMember member in _members)
        {
            using ComparedSide network = _open(member);
            float[] own = network.Run(mix, cancellationToken);
            seconds += network.Seconds;
            Engine = $"{network.Engine}, {_members.Count} networks";
            for (int s = 0; s < Stems.Count; s++)
            {
                // An exported network gives only the stems that it has a weight for.
                int at = network.Stems.ToList().IndexOf(Stems[s]);
                if (at < 0 || member.Weights[s] == 0)
                {
                    continue;
                }

                for (int i = 0; i < size; i++)
                {
                    sums[s * size + i] += member.Weights[s] * own[at * size + i];
                }
            }
        }

        Seconds = seconds;
        double[] weights = [.. Stems.Select((_, s) => _members.Sum(m => m.Weights[s]))];
        return [.. sums.Select((sum, i) => (float)(sum / weights[i / size]))];
    }

    public override void Dispose()
    {
    }
}
