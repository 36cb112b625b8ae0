namespace Stemsharp.Chains;

/// <summary>Checks how the steps of a chain depend on each other.</summary>
internal static class ChainCheck
{
    /// <param name="chain">What was read.</param>
    /// <param name="refusal">Makes the error.</param>
    public static void Check(SeparationChain chain, Func<string, OptionException> refusal)
    {
        HashSet<string> steps = new(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, ChainStep> makers = new(StringComparer.OrdinalIgnoreCase);
        foreach (ChainStep step in chain.Steps)
        {
            if (!steps.Add(step.Name))
            {
                throw refusal($"two steps are called '{step.Name}'; give each a name of its own.");
            }

            foreach (ChainStem stem in step.Stems)
            {
                if (!ChainSum.IsName(stem.Name) || stem.Name.Equals(ChainSum.Mix, StringComparison.OrdinalIgnoreCase))
                {
                    throw refusal($"step '{step.Name}' calls a stem '{stem.Name}', which is not valid; up to 64 letters, digits, '_', '-' and '.' are, but not '{ChainSum.Mix}'.");
                }

                if (!makers.TryAdd(stem.Name, step))
                {
                    throw refusal($"'{stem.Name}' is produced twice, by step '{makers[stem.Name].Name}' and step '{step.Name}'; give one of them another name.");
                }
            }
        }

        CheckNames(chain, makers, refusal);
        CheckOrder(chain, makers, refusal);
        foreach ((string name, ChainStep maker) in makers)
        {
            if (!chain.Outputs.Select(o => o.Sum).Concat(chain.Steps.Select(s => s.Input)).Any(sum => sum.Terms.Any(term => term.Sound == name)))
            {
                throw refusal($"'{name}' of step '{maker.Name}' is neither an output nor used by a step; leave it out.");
            }
        }
    }

    private static void CheckNames(SeparationChain chain, Dictionary<string, ChainStep> makers, Func<string, OptionException> refusal)
    {
        IEnumerable<(string Where, ChainSum Sum)> sums =
        [
            .. chain.Steps.Select(step => ($"step '{step.Name}'", step.Input)),
            .. chain.Outputs.Select(output => ($"the output '{output.Name}'", output.Sum)),
        ];
        foreach ((string where, ChainSum sum) in sums)
        {
            foreach (ChainTerm term in sum.Terms)
            {
                if (term.Sound != ChainSum.Mix && !makers.Values.SelectMany(maker => maker.Stems).Any(stem => stem.Name == term.Sound))
                {
                    throw refusal($"{where} uses '{term.Sound}', which no step produces; there are {string.Join(", ", [ChainSum.Mix, .. makers.Keys])}.");
                }
            }
        }

        foreach (ChainOutput output in chain.Outputs)
        {
            if (!ChainSum.IsName(output.Name))
            {
                throw refusal($"the output '{output.Name}' has a name that is not valid; up to 64 letters, digits, '_', '-' and '.' are.");
            }
        }
    }

    private static void CheckOrder(SeparationChain chain, Dictionary<string, ChainStep> makers, Func<string, OptionException> refusal)
    {
        HashSet<ChainStep> done = new(ReferenceEqualityComparer.Instance), clear = new(ReferenceEqualityComparer.Instance);
        foreach (ChainStep step in chain.Steps)
        {
            if (Cycle(step, [], makers, clear) is { } cycle)
            {
                throw refusal($"the steps {string.Join(" → ", cycle.Select(s => $"'{s.Name}'"))} wait for each other; a step's input must not depend on what it produces.");
            }
        }

        foreach (ChainStep step in chain.Steps)
        {
            foreach (ChainStep maker in Needs(step, makers))
            {
                if (!done.Contains(maker))
                {
                    throw refusal($"step '{step.Name}' uses what step '{maker.Name}' produces later; steps work in the order of the list, so put '{maker.Name}' before '{step.Name}'.");
                }
            }

            done.Add(step);
        }
    }

    private static IEnumerable<ChainStep> Needs(ChainStep step, Dictionary<string, ChainStep> makers) =>
        step.Input.Terms.Where(term => term.Sound != ChainSum.Mix).Select(term => makers[term.Sound]);

    private static IReadOnlyList<ChainStep>? Cycle(
        ChainStep step, IReadOnlyList<ChainStep> way, Dictionary<string, ChainStep> makers, HashSet<ChainStep> clear)
    {
        if (clear.Contains(step))
        {
            return null;
        }

        for (int i = 0; i < way.Count; i++)
        {
            if (ReferenceEquals(way[i], step))
            {
                return [.. way.Skip(i), step];
            }
        }

        IReadOnlyList<ChainStep>? found = Needs(step, makers).Select(maker => Cycle(maker, [.. way, step], makers, clear)).FirstOrDefault(cycle => cycle is not null);
        if (found is null)
        {
            clear.Add(step);
        }

        return found;
    }
}
