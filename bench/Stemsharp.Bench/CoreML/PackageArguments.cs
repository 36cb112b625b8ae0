using System.Globalization;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Bench.CoreML;

/// <summary>The options of <c>stemsharp export coreml</c>, for benchmarks that write packages.</summary>
internal sealed class PackageArguments(string[] args)
{
    /// <summary>The model: the first word.</summary>
    public string Model => args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "synthetic:htdemucs";

    public CoreMLExportOptions Options => new()
    {
        Target = Enum.Parse<CoreMLTarget>(Value("--target", "ios17"), ignoreCase: true),
        Precision = Value("--precision", "mixed") switch
        {
            "fp32" => CoreMLPrecision.Float32,
            "fp16" => CoreMLPrecision.Float16,
            "mixed" => CoreMLPrecision.Mixed,
            string other => throw new ArgumentException($"The precision {other} is none of fp32, mixed, fp16."),
        },
        PaletteBits = Value("--palettize", "") is { Length: > 0 } bits ? int.Parse(bits) : null,
        PaletteGroup = int.Parse(Value("--palette-group", "0")),
        PaletteKeep = Value("--palette-keep", "none") is not "none" and string kept ? kept.Split(',') : null,
        SinglePrecision = Value("--single", "") is { Length: > 0 } list ? list.Split(',') : null,
    };

    /// <summary>Another native length of the network in seconds.</summary>
    public double? Segment => Value("--segment", "") is { Length: > 0 } seconds ? double.Parse(seconds, CultureInfo.InvariantCulture) : null;

    /// <summary>The network with what it makes of a segment of music.</summary>
    public PackageNetwork Open() => new(Model, Value("--golden", Path.Combine("tests", "golden")), Segment);

    public string Value(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : otherwise;

    public override string ToString() => string.Join(' ', args);
}
