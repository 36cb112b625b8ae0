namespace Stemsharp.Checkpoints;

/// <summary>
/// Weights that anyone can recreate, for work at full size without pretrained ones. A parameter's values follow
/// from its name and shape alone: FNV-1a of the name seeds SplitMix64; uniform numbers scaled by what the
/// parameter is for; rounded to half precision. Made when they are copied, nothing is kept.
/// </summary>
internal sealed class SyntheticCheckpoint(string name, IReadOnlyDictionary<string, object?> arguments) : Checkpoint
{
    /// <summary>What a synthetic model's name begins with.</summary>
    public const string Scheme = "synthetic:";

    private static readonly string[] Sources = ["drums", "bass", "other", "vocals", "guitar", "piano"];

    public static IReadOnlyList<string> Names { get; } = [Scheme + "htdemucs", Scheme + "htdemucs_6s"];

    public override string Name => name;

    public override string Signature => name.Replace(':', '-');

    public override string? Sha256 => null;

    public IReadOnlyList<string> Stems => [.. ((List<object?>)arguments["sources"]!).Cast<string>()];

    public override IReadOnlyDictionary<string, object?> Arguments => arguments;

    public override IReadOnlyList<StoredTensor> Tensors => [];

    public override bool IsSynthetic => true;

    /// <summary>One of <see cref="Names"/>: an official architecture with synthetic weights.</summary>
    public static SyntheticCheckpoint Open(string name)
    {
        bool six = name == Names[1];
        if (!six && name != Names[0])
        {
            throw new ModelException($"There is no model {name}; the synthetic ones are {string.Join(" and ", Names)}.");
        }

        return new SyntheticCheckpoint(name, new Dictionary<string, object?>
        {
            ["sources"] = Sources.Take(six ? 6 : 4).ToList<object?>(),
            ["channels"] = 48L,
            ["depth"] = 4L,
            ["dconv_mode"] = 3L,
            ["bottom_channels"] = six ? 0L : 512L,
            ["t_layers"] = 5L,
            ["t_heads"] = 8L,
            ["samplerate"] = 44100L,
            ["segment"] = new Fraction(39, 5),
        });
    }

    public override StoredTensor Find(string name, IReadOnlyList<int> shape) => new SyntheticTensor(name, shape);

    public override void Dispose() { }
}
