using System.Globalization;

namespace Stemsharp.Checkpoints;

/// <summary>What stands behind a model file's name, <c>FILE#name=value,name=value</c>: parameters that the file does not have.</summary>
internal static class ModelSettings
{
    /// <summary>The parameters by name: numbers, true and false, and text; null where there are none.</summary>
    /// <param name="text">What stands behind <c>#</c>.</param>
    /// <exception cref="CheckpointFormatException">It has another form.</exception>
    public static IReadOnlyDictionary<string, object?>? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        Dictionary<string, object?> result = new(StringComparer.Ordinal);
        foreach (string part in text.Split(','))
        {
            string[] sides = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (sides.Length < 2 || sides[0].Length == 0 || sides[1].Length == 0 || !result.TryAdd(sides[0], Value(sides[1])))
            {
                throw new CheckpointFormatException($"'{text}' behind # is not understood. Parameters stand there as NAME=VALUE,NAME=VALUE, each once.");
            }
        }

        return result;
    }

    private static object Value(string text) =>
        long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long whole) ? whole
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
        : bool.TryParse(text, out bool truth) ? truth
        : text;
}
