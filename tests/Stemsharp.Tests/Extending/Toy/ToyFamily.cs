using Stemsharp.Checkpoints;
using Stemsharp.Model;

namespace Stemsharp.Tests.Extending.Toy;

/// <summary>Two convolutions over samples: the smallest family there is. It takes pieces of any length and needs no transform.</summary>
internal sealed class ToyFamily : Family
{
    public override string Name => "Toy";

    public override string ClassName => "demucs.toy.Toy";

    public override IReadOnlyList<string> ArgumentNames { get; } = ["sources", "width", "samplerate", "segment"];

    public override IReadOnlyList<SyntheticModel> Synthetic { get; } =
    [
        new("toy", new Dictionary<string, object?> { ["sources"] = new List<object?> { "voice", "rest" }, ["width"] = 12L }),
    ];

    public override bool HasItsTensors(Checkpoint checkpoint) => checkpoint.Tensors.Any(t => t.Name == "listen.weight");

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        Dictionary<string, object?> arguments = ArgumentsOf(checkpoint)
            ?? throw new ModelException($"{checkpoint.Name} cannot be used: it does not say how wide it is. Save it with its arguments.");
        string[] stems = [.. (arguments.GetValueOrDefault("sources") as IEnumerable<object?> ?? []).OfType<string>()];
        return arguments.GetValueOrDefault("width") is long width and >= 1 and <= 1024
            ? new ToyNetwork(stems, (int)width, this, place)
            : throw new ModelException($"{checkpoint.Name} cannot be used: width = {arguments.GetValueOrDefault("width")} is not supported; a whole number from 1 to 1024 is.");
    }
}
