namespace Stemsharp.Inference;

/// <summary>
/// A kind of engine: what it is called, whether it is there, what it can run, what that would take, and how it is opened. Backends are
/// objects in a table that the host composes; a package adds its own.
/// </summary>
public abstract class Backend
{
    /// <summary>The name by which it is chosen, such as <c>cpu</c>; lower case.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, in one line for people.</summary>
    public abstract string Title { get; }

    /// <summary>
    /// Whether it may be chosen without being named. Not where it needs something that the user installs, and not where a device is
    /// imitated by software.
    /// </summary>
    public virtual bool IsAutomatic => true;

    /// <summary>Why it cannot be used on this machine; null when it can. Looks, and loads nothing large.</summary>
    public virtual string? WhyAbsent => null;

    /// <summary>Why it does not take a network with some settings; null when it does.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">What is asked for.</param>
    public abstract string? WhyRefused(Network network, EngineSettings settings);

    /// <summary>
    /// Why an engine would run a network in a better precision than the one that is asked for, as a part of a sentence; null where it
    /// keeps to that, or has nothing to say about it.
    /// </summary>
    /// <param name="network">A network that it takes.</param>
    /// <param name="settings">What is asked for.</param>
    public virtual string? WhyMorePrecise(Network network, EngineSettings settings) => null;

    /// <summary>
    /// Whether it should run a network when nobody named it. May measure for a moment where it is not known yet whether it is faster than
    /// what stands behind it.
    /// </summary>
    /// <param name="network">A network that it takes.</param>
    /// <param name="settings">What is asked for.</param>
    public virtual EngineAdvice Advise(Network network, EngineSettings settings) => new(true, "");

    /// <summary>Memory that an engine would take, before anything is opened.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="samples">Samples of a piece.</param>
    public abstract EngineMemory Estimate(Network network, EngineSettings settings, int samples);

    /// <summary>How many pieces of a long song an engine would have at work at once.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="samples">Samples of a piece.</param>
    public abstract int PiecesAtOnce(Network network, EngineSettings settings, int samples);

    /// <summary>What an engine with these settings would call itself, before it is opened.</summary>
    public abstract string Describe(EngineSettings settings);

    /// <summary>Opens an engine. Reads the network's weights; they may be read again for further lengths.</summary>
    /// <exception cref="EngineException">It is absent, refuses the network, or memory does not suffice.</exception>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    public abstract IEngine Open(Network network, EngineSettings settings);

    /// <summary>Refuses what it does not take.</summary>
    /// <exception cref="EngineException">It is absent, or does not take the network or the settings.</exception>
    protected void Require(Network network, EngineSettings settings)
    {
        if ((WhyAbsent ?? WhyRefused(network, settings)) is { } reason)
        {
            throw new EngineException(EngineFailure.Refused, reason);
        }
    }
}
