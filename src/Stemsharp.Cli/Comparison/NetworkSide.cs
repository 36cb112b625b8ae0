using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Stemsharp.Inference;

namespace Stemsharp.Cli.Comparison;

/// <summary>One network on an engine as a side of a comparison.</summary>
internal sealed class NetworkSide : ComparedSide
{
    private readonly IEngine _engine;
    private readonly NetworkDefinition _definition;

    /// <param name="name">The side's name.</param>
    /// <param name="engine">Disposed with the side.</param>
    /// <param name="definition">The network's.</param>
    [SetsRequiredMembers]
    internal NetworkSide(string name, IEngine engine, NetworkDefinition definition)
    {
        (_engine, _definition) = (engine, definition);
        (Name, Stems, Channels, SampleRate) = (name, definition.Stems, definition.Channels, definition.SampleRate);
        Samples = definition.Cut.NetworkSamples(definition.Cut.Samples);
    }

    internal override float[] Run(float[] mix, CancellationToken cancellationToken)
    {
        PieceTrial.Run(_engine, _definition, mix, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        float[] stems = PieceTrial.Run(_engine, _definition, mix, cancellationToken);
        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Engine = _engine.Description;
        return stems;
    }

    public override void Dispose() => _engine.Dispose();
}
