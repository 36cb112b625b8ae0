namespace Stemsharp.Chains;

/// <summary>One run of one model over one sound.</summary>
/// <param name="Index">Its place among the plan's runs.</param>
/// <param name="Step">The step that it belongs to.</param>
/// <param name="Model">The model, and how it runs.</param>
/// <param name="Stems">The stems that are needed of it, as the definition calls them.</param>
internal sealed record ChainRunPlan(int Index, ChainStep Step, ChainModel Model, IReadOnlyList<string> Stems)
{
    /// <summary>What messages call it.</summary>
    public string Shown => Step.Ensemble is null ? $"'{Step.Name}'" : $"'{Step.Name}' with {Model.Model}";
}

/// <summary>
/// What a chain has to do for some of its outputs: the runs that matter in their order, and which sound comes from where. An ensemble is a
/// run for each of its models; its versions become one whenever somebody listens.
/// </summary>
internal sealed class ChainPlan
{
    private readonly Dictionary<string, (ChainStep Step, string Stem, ChainRunPlan[] Runs)> _sounds = [];

    /// <param name="chain">A valid one.</param>
    /// <param name="outputs">The wanted outputs, by number, in order.</param>
    public ChainPlan(SeparationChain chain, IEnumerable<int> outputs)
    {
        Outputs = [.. outputs.Select(output => chain.Outputs[output])];
        HashSet<string> heard = [.. Outputs.SelectMany(output => output.Sum.Terms).Select(term => term.Sound)];
        List<ChainStep> steps = [];
        foreach (ChainStep step in chain.Steps.Reverse().Where(step => step.Stems.Any(stem => heard.Contains(stem.Name))))
        {
            steps.Insert(0, step);
            heard.UnionWith(step.Input.Terms.Select(term => term.Sound));
        }

        List<ChainRunPlan> runs = [];
        foreach (ChainStep step in steps)
        {
            ChainStem[] needed = [.. step.Stems.Where(stem => heard.Contains(stem.Name))];
            ChainRunPlan[] own = [.. step.Models.Select((model, i) => new ChainRunPlan(runs.Count + i, step, model, [.. needed.Select(stem => stem.Stem)]))];
            runs.AddRange(own);
            foreach (ChainStem stem in needed)
            {
                _sounds.Add(stem.Name, (step, stem.Stem, own));
            }
        }

        Runs = runs;
    }

    /// <summary>The wanted outputs, in order.</summary>
    public IReadOnlyList<ChainOutput> Outputs { get; }

    /// <summary>The runs, in order; empty where only the mix is wanted.</summary>
    public IReadOnlyList<ChainRunPlan> Runs { get; }

    /// <summary>Where a sound that is not the mix comes from: a stem of one run, or of several that become one.</summary>
    public (string Stem, IReadOnlyList<ChainRunPlan> Runs, ChainEnsemble? Ensemble) Source(string sound)
    {
        (ChainStep step, string stem, ChainRunPlan[] runs) = _sounds[sound];
        return (stem, runs, step.Ensemble);
    }

    /// <summary>The runs whose results a sum is made of.</summary>
    public IEnumerable<ChainRunPlan> RunsOf(ChainSum sum) =>
        sum.Terms.Where(term => term.Sound != ChainSum.Mix).SelectMany(term => _sounds[term.Sound].Runs).Distinct();

    /// <summary>Whether a sum has an ensemble in it, so that listening to it is work.</summary>
    public bool IsCostly(ChainSum sum) => sum.Terms.Any(term => term.Sound != ChainSum.Mix && _sounds[term.Sound].Step.Ensemble is not null);

    /// <summary>The run whose stems can go into the outputs as they come: the last one, unless it is one version of an ensemble. Negative for none.</summary>
    public int LiveRun => Runs is [.., { Step.Ensemble: null } last] ? last.Index : -1;

    /// <summary>Whether somebody will listen to a run's stems when another one, and all before it, is done.</summary>
    public bool IsWaitedFor(int run, int done) =>
        Outputs.Select(output => output.Sum).Concat(Runs.Skip(done + 1).Select(later => later.Step.Input)).Any(sum => RunsOf(sum).Any(needed => needed.Index == run));

    /// <summary>Bytes that wait at the same time at most.</summary>
    /// <param name="size">What a run's stems take.</param>
    public long MostWaiting(Func<ChainRunPlan, long> size)
    {
        HashSet<int> waiting = [];
        long most = 0;
        foreach (ChainRunPlan run in Runs.Where(run => run.Index != LiveRun))
        {
            waiting.Add(run.Index);
            most = Math.Max(most, waiting.Sum(index => size(Runs[index])));
            waiting.RemoveWhere(index => !IsWaitedFor(index, run.Index));
        }

        return most;
    }
}
