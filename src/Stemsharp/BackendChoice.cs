using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>Which backends are to run a network, and in what order they take each other's place.</summary>
internal static class BackendChoice
{
    /// <summary>Refuses a backend that was named and is not there, before a model is looked for.</summary>
    /// <param name="options">What chooses.</param>
    /// <exception cref="EngineException">It is absent, and no other may take its place.</exception>
    public static void RequirePresent(SeparatorOptions options)
    {
        if (options.Engine != Engines.Auto && !options.Fallback && options.Backends.First(b => b.Name == options.Engine).WhyAbsent is { } reason)
        {
            throw new EngineException(EngineFailure.Refused, reason);
        }
    }

    /// <summary>
    /// The backends to try, best first: the one that was named, or those that may be chosen unnamed and take the network; behind a named
    /// one, where another may go on, the same.
    /// </summary>
    /// <param name="options">What chooses.</param>
    /// <param name="network">The network.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="reason">
    /// Why the first of them is the first: what is said against the named one or those further up in the table, and for one that
    /// nobody named; empty where there is nothing to say.
    /// </param>
    /// <exception cref="EngineException">The named backend is absent or does not take the network, or none does.</exception>
    public static IReadOnlyList<(Backend Backend, EngineSettings Settings)> Of(
        SeparatorOptions options, Network network, EngineSettings settings, out string reason)
    {
        List<(Backend, EngineSettings)> found = [];
        List<string> reasons = [];
        bool auto = options.Engine == Engines.Auto;
        if (!auto)
        {
            Backend named = options.Backends.First(b => b.Name == options.Engine);
            if ((named.WhyAbsent ?? named.WhyRefused(network, settings)) is { } refused)
            {
                reasons.Add(refused);
            }
            else
            {
                found.Add((named, settings));
            }
        }

        if (auto || options.Fallback)
        {
            // A device that was named is the named engine's.
            EngineSettings plain = auto ? settings : settings with { Device = null };
            foreach (Backend backend in options.Backends.Where(b => b.IsAutomatic && (auto || b.Name != options.Engine)))
            {
                if ((backend.WhyAbsent ?? backend.WhyRefused(network, plain)) is { } refused)
                {
                    reasons.Add($"{backend.Name}: {refused}");
                }
                else
                {
                    EngineAdvice advice = backend.Advise(network, plain);
                    if (advice.Reason.Length > 0 && (!advice.IsWorthwhile || found.Count == 0))
                    {
                        reasons.Add($"{backend.Name}: {advice.Reason}");
                    }

                    if (advice.IsWorthwhile)
                    {
                        found.Add((backend, plain));
                    }
                }
            }
        }

        reason = string.Join(" ", reasons);
        return found.Count > 0 ? found : throw new EngineException(EngineFailure.Refused, reason);
    }
}
