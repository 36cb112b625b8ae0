using Stemsharp.Checkpoints;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;

namespace Stemsharp.Tests.Extending.Toy;

/// <summary>A toy that hears spectrograms alone, by a transform that no other network has, whose rate and pieces nothing else has.</summary>
internal sealed class SpectralToyFamily : Family
{
    public override string Name => "SpectralToy";

    public override string ClassName => "demucs.toy.SpectralToy";

    public override IReadOnlyList<string> ArgumentNames { get; } = ["sources", "channels"];

    public override IReadOnlyList<SyntheticModel> Synthetic { get; } =
    [
        new("spectral-toy", new Dictionary<string, object?> { ["sources"] = new List<object?> { "low", "high", "noise" }, ["channels"] = 2L }),
    ];

    public override bool HasItsTensors(Checkpoint checkpoint) => checkpoint.Tensors.Any(t => t.Name == "look.weight");

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place) => new SpectralToyNetwork(this, place);
}

/// <summary>Two convolutions over a spectrogram.</summary>
internal sealed class SpectralToyNetwork(Family family, CheckpointPlace place) : CheckpointNetwork(s_definition, family, place)
{
    private static readonly NetworkDefinition s_definition = new()
    {
        Stems = ["low", "high", "noise"],
        SampleRate = 22_050,
        Channels = 2,
        Cut = new PieceCut { Samples = 9000, Lengths = NetworkLengths.Any, Window = PieceWindow.Shortest, Fill = PieceFill.Zeros, StepNumerator = 1, StepDenominator = 2 },
        Transform = new TransformDefinition { Nfft = 240, Hop = 70, Bins = 100, Output = TransformOutput.WholeHops },
        Inputs = [new NetworkPort("seen", PortRole.Spectrogram)],
        Outputs = [new NetworkPort("painted", PortRole.Spectrogram)],
    };

    public override IReadOnlyDictionary<string, object?> Arguments => new Dictionary<string, object?> { ["sources"] = s_definition.Stems.ToList<object?>(), ["channels"] = 2L };

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) => arguments.Keys.Except(Arguments.Keys);

    internal override Graph.Graph Record(int samples)
    {
        GraphBuilder g = new();
        Value seen = g.Input("seen", new Shape(4, 100, s_definition.Transform!.Frames(samples)));
        Value looked = g.Gelu(g.Conv("look", seen, 6, [3, 3], [1, 1], [1, 1], [1, 1]));
        g.Output("painted", g.Conv("paint", looked, 4 * s_definition.Stems.Length, [1, 1], [1, 1], [0, 0], [1, 1]));
        return g.Build();
    }
}
