using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// A bag: several networks that are blended. In YAML: <c>models</c> (signatures), <c>weights</c> (per model a
/// weight per stem; equal when absent), <c>segment</c> (not used: networks tell their own).
/// </summary>
/// <param name="Models">Signatures.</param>
/// <param name="Weights">Per model, a weight per stem; null for equal weights.</param>
internal sealed record BagFile(IReadOnlyList<string> Models, IReadOnlyList<IReadOnlyList<double>>? Weights)
{
    private const int MaxBytes = 1 << 20, MaxModels = 100, MaxStems = 64, MaxDepth = 8;

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
        try
        {
            Parser parser = new(new StringReader(yaml));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            if (ReadValue(parser, 0) is not IReadOnlyDictionary<string, object?> fields)
            {
                throw new CheckpointFormatException("it is not a bag: it has no 'models'.");
            }

            if (fields.GetValueOrDefault("models") is not IReadOnlyList<object?> { Count: > 0 and <= MaxModels } models)
            {
                throw new CheckpointFormatException($"it is not a bag: 'models' must list 1 to {MaxModels} signatures.");
            }

            string[] signatures = [.. models.Select(m => m is string { Length: > 0 } signature ? signature : throw new CheckpointFormatException("'models' must list signatures."))];
            return new BagFile(signatures, ReadWeights(fields.GetValueOrDefault("weights"), signatures.Length));
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            // The parser's own exception, or one that damaged files drive it into.
            throw new CheckpointFormatException($"it is not valid YAML: {e.Message}", e);
        }
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

    // Anchors and aliases are refused: nested aliases can make a small file stand for an endless one.
    private static object? ReadValue(IParser parser, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new CheckpointFormatException("it is nested too deeply for a bag.");
        }

        if (parser.Current is AnchorAlias)
        {
            throw new CheckpointFormatException("it uses a YAML alias, which bags have no use for.");
        }

        if (parser.Current is Scalar)
        {
            Scalar scalar = parser.Consume<Scalar>();
            return scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "null" or "~" ? null : scalar.Value;
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            List<object?> items = [];
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadValue(parser, depth + 1));
            }

            return items;
        }

        parser.Consume<MappingStart>();
        Dictionary<string, object?> fields = new(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            fields[parser.Consume<Scalar>().Value] = ReadValue(parser, depth + 1);
        }

        return fields;
    }
}
