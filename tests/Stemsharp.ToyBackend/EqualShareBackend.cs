using Stemsharp.Inference;

namespace Stemsharp.ToyBackend;

/// <summary>Runs no network at all: each stem is an equal share of the mix. Every network's definition is enough for that.</summary>
public sealed class EqualShareBackend : Backend
{
    /// <inheritdoc/>
    public override string Name => "equal-share";

    /// <inheritdoc/>
    public override string Title => "gives every stem an equal share of the mix";

    /// <summary>Not a choice for someone who asked for the best engine.</summary>
    public override bool IsAutomatic => false;

    /// <inheritdoc/>
    public override string? WhyRefused(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Device is null ? null : $"The engine {Name} has no devices; there is no '{settings.Device}'. Leave the device out.";
    }

    /// <inheritdoc/>
    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples)
    {
        ArgumentNullException.ThrowIfNull(network);
        long piece = sizeof(float) * (long)samples * network.Definition.Channels * (1 + network.Definition.Stems.Length);
        return new EngineMemory(Host: piece, HostPerPiece: piece);
    }

    /// <inheritdoc/>
    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    /// <inheritdoc/>
    public override string Describe(EngineSettings settings) => Name;

    /// <inheritdoc/>
    public override IEngine Open(Network network, EngineSettings settings)
    {
        Require(network, settings);
        return new EqualShareEngine(network.Definition);
    }
}
