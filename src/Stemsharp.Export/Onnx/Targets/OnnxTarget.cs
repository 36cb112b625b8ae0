namespace Stemsharp.Export.Onnx.Targets;

/// <summary>What a program or device takes of ONNX graphs, by its own documentation.</summary>
internal sealed record OnnxTarget
{
    /// <summary>What it is called on the command line, such as <c>tensorrt</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, with the version that the sources are of.</summary>
    public required string Title { get; init; }

    /// <summary>Oldest and newest version of the operator set.</summary>
    public required (int Lowest, int Highest) Opsets { get; init; }

    /// <summary>The form that an export for it has.</summary>
    public OnnxForm Form { get; init; } = OnnxForm.Portable;

    /// <summary>The operator set that an export for it has, unless another is asked for.</summary>
    public int Opset { get; init; } = 17;

    /// <summary>The largest score tensor in MiB that an export for it has, unless another is asked for; 0 for no limit.</summary>
    public int AttentionLimit { get; init; } = 128;

    /// <summary>Largest number of axes of a tensor; null where no limit is documented.</summary>
    public int? HighestRank { get; init; }

    /// <summary>Largest number of elements of a tensor; null where no limit is documented.</summary>
    public long? MostElements { get; init; }

    /// <summary>Largest tensor in bytes; null where no limit is documented.</summary>
    public long? MostBytes { get; init; }

    /// <summary>Largest file in bytes, external weights aside.</summary>
    public long MostFileBytes { get; init; } = int.MaxValue;

    /// <summary>Whether nodes it does not take are left to onnxruntime's CPU provider, at the cost of copies; otherwise the file is refused.</summary>
    public bool LeavesRest { get; init; }

    /// <summary>The operators, each with the element types that it takes and gives.</summary>
    public required IReadOnlyDictionary<string, ElementType[]> Operators { get; init; }

    /// <summary>What else has to be known.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Where all this is documented.</summary>
    public required IReadOnlyList<string> Sources { get; init; }
}
