using System.Globalization;

namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// A bag: several networks that are blended. In YAML: <c>models</c> (signatures), <c>weights</c> (per model a
/// weight per stem; equal when absent), <c>segment</c> (seconds that go over the networks' own where they take them).
/// </summary>
/// <param name="Models">Signatures.</param>
/// <param name="Weights">Per model, a weight per stem; null for equal weights.</param>
/// <param name="Segment">Seconds; null for the networks' own.</param>
internal sealed record BagFile(IReadOnlyList<string> Models, IReadOnlyList<IReadOnlyList<double>>? Weights, double? Segment)
{
    private const int MaxBytes = 1 << 20, MaxModels = 100, MaxStems = 64;

    public static BagFile Read(string path) => CheckpointFormatException.Guard(path, () =>
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new CheckpointFormatException($"a bag may have at most {MaxBytes:N0} bytes.");
        }

        return Parse(File.ReadAllText(path));
    });

    public static BagFile Parse(string yaml)
    {
        if (PlainYaml.Read(yaml, typed: false) is not IReadOnlyDictionary<string, object?> fields)
        {
            throw new CheckpointFormatException("it is not a bag: it has no 'models'.");
        }

        if (fields.GetValueOrDefault("models") is not IReadOnlyList<object?> { Count: > 0 and <= MaxModels } models)
        {
            throw new CheckpointFormatException($"it is not a bag: 'models' must list 1 to {MaxModels} signatures.");
        }

        string[] signatures = [.. models.Select(m => m is string { Length: > 0 } signature ? signature : throw new CheckpointFormatException("'models' must list signatures."))];
        return new BagFile(signatures, ReadWeights(fields.GetValueOrDefault("weights"), signatures.Length), ReadSegment(fields.GetValueOrDefault("segment")));
    }

    /// <summary>Checks a weight table: a row per model, rows of one length, numbers that are not negative.</summary>
    public static IReadOnlyList<IReadOnlyList<double>>? ReadWeights(object? value, int models)
    {
        if (value is null)
        {
            return null;
        }

        if (value is not IReadOnlyList<object?> rows || rows.Count != models)
        {
            throw new CheckpointFormatException($"'weights' must have one list for each of its {models} models.");
        }

        double[][] weights = [.. rows.Select(ReadRow)];
        if (weights.Any(row => row.Length != weights[0].Length))
        {
            throw new CheckpointFormatException("'weights' has lists of different lengths; each needs one weight per stem.");
        }

        for (int stem = 0; stem < weights[0].Length; stem++)
        {
            if (weights.Sum(row => row[stem]) <= 0)
            {
                throw new CheckpointFormatException($"'weights' gives stem {stem + 1} no weight in any model.");
            }
        }

        return weights;
    }

    private static double? ReadSegment(object? value) => value switch
    {
        null or "" or "null" or "~" => null,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 600 => seconds,
        _ => throw new CheckpointFormatException($"'segment' is {value}; it must be a number of seconds above 0 and at most 600."),
    };

    private static double[] ReadRow(object? row)
    {
        if (row is not IReadOnlyList<object?> { Count: > 0 and <= MaxStems } list)
        {
            throw new CheckpointFormatException($"'weights' must be lists of 1 to {MaxStems} numbers.");
        }

        return [.. list.Select(ReadNumber)];
    }

    private static double ReadNumber(object? value)
    {
        double number = value switch
        {
            long whole => whole,
            double real => real,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) => parsed,
            _ => double.NaN,
        };
        return number is >= 0 and <= 1e6 ? number : throw new CheckpointFormatException($"'weights' has {value ?? "nothing"} where a number from 0 to 1,000,000 is needed.");
    }
}
