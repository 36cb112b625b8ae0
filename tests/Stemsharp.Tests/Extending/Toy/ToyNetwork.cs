using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Tests.Extending.Toy;

/// <summary>A toy of some width: what those around it have to know, and its graph.</summary>
internal sealed class ToyNetwork(string[] stems, int width, Family family, CheckpointPlace place)
    : CheckpointNetwork(Define(stems), family, place)
{
    public override IReadOnlyDictionary<string, object?> Arguments => new Dictionary<string, object?>
    {
        ["sources"] = stems.ToList<object?>(),
        ["width"] = (long)width,
    };

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) => arguments.Keys.Except(Arguments.Keys);

    internal override Graph.Graph Record(int samples)
    {
        GraphBuilder g = new();
        Value mix = g.Input("mix", new Shape(2, samples));
        Value heard = g.Gelu(g.Conv("listen", mix, width, [9], [1], [4], [1]));
        g.Output("stems", g.Conv("tell", heard, 2 * stems.Length, [5], [1], [2], [1]));
        return g.Build();
    }

    private static NetworkDefinition Define(string[] stems) => new()
    {
        Stems = [.. stems],
        SampleRate = 8000,
        Channels = 2,
        Cut = new PieceCut
        {
            Samples = 16_000,
            Lengths = NetworkLengths.Any,
            Window = PieceWindow.Shortest,
            Fill = PieceFill.Zeros,
            StepNumerator = 1,
            StepDenominator = 2,
        },
        Inputs = [new NetworkPort("mix", PortRole.Waveform)],
        Outputs = [new NetworkPort("stems", PortRole.Waveform)],
    };
}
