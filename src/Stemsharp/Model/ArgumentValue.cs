using System.Globalization;
using Stemsharp.Checkpoints;

namespace Stemsharp.Model;

/// <summary>One constructor argument as a checkpoint gives it, read as what the rule for it expects.</summary>
internal readonly record struct ArgumentValue(string Name, object? Value, string Valid)
{
    /// <summary>Python's truth of a plain value: None, false, zero and empty are false.</summary>
    public bool IsTruthy => Value switch
    {
        null or false or 0L or 0.0 or "" => false,
        IReadOnlyCollection<object?> list => list.Count > 0,
        IReadOnlyDictionary<string, object?> dictionary => dictionary.Count > 0,
        _ => true,
    };

    /// <summary>A whole number in a range; 2.0 is one.</summary>
    public int Whole(int min, int max) => Value switch
    {
        long number when number >= min && number <= max => (int)number,
        double number when number == Math.Truncate(number) && number >= min && number <= max => (int)number,
        _ => throw Refuse(),
    };

    /// <summary>A group count that may also be given as a truth value: True is one group, False none.</summary>
    public int Groups() => Value switch
    {
        null or false => 0,
        true => 1,
        _ => Whole(0, 65536),
    };

    public double Number(double min, double max)
    {
        double number = Value switch
        {
            long whole => whole,
            double real => real,
            Fraction fraction => fraction.Value,
            _ => double.NaN,
        };
        return number >= min && number <= max ? number : throw Refuse();
    }

    public bool Flag() => Value switch
    {
        bool flag => flag,
        0L => false,
        1L => true,
        _ => throw Refuse(),
    };

    /// <summary>The length of a segment in seconds: above 0, at most 600, and at least a sample long.</summary>
    /// <param name="samplerate">In Hz.</param>
    public Fraction Seconds(int samplerate)
    {
        Fraction segment = default;
        bool valid = Value switch
        {
            Fraction fraction => (segment = fraction).Denominator > 0,
            long whole => Fraction.TryCreate(whole, 1, out segment),
            string text => text.Length <= 40 && Fraction.TryParse(text, out segment),
            // The original takes int(segment · samplerate) in doubles. The same whole samples, as a fraction, are exact.
            double seconds => seconds is > 0 and <= 600 && Fraction.TryCreate((long)(seconds * samplerate), samplerate, out segment),
            _ => false,
        };
        Require(valid && segment.Value is > 0 and <= 600 && segment.Denominator <= 1_000_000_000 && segment.Samples(samplerate) > 0);
        return segment;
    }

    /// <summary>Names that are distinct and can be part of a file's name.</summary>
    public string[] StemNames()
    {
        if (Value is not IReadOnlyList<object?> { Count: > 0 and <= 64 } list)
        {
            throw Refuse();
        }

        string[] names = new string[list.Count];
        for (int i = 0; i < names.Length; i++)
        {
            if (list[i] is not string { Length: > 0 and <= 64 } name || name.Any(c => char.IsControl(c) || c is '/' or '\\' or ':') || name.Trim('.', ' ').Length == 0 || names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw Refuse();
            }

            names[i] = name;
        }

        return names;
    }

    /// <summary>Accepts the value only where the condition holds.</summary>
    public void Require(bool condition)
    {
        if (!condition)
        {
            throw Refuse();
        }
    }

    public ModelException Refuse() => new($"{Name} = {Show(Value)} is not supported; valid is {Valid}.");

    private static string Show(object? value)
    {
        string text = value switch
        {
            null => "None",
            bool flag => flag ? "True" : "False",
            string s => $"'{s}'",
            IReadOnlyDictionary<string, object?> dictionary => $"a dict of {dictionary.Count}",
            IEnumerable<object?> list => $"[{string.Join(", ", list.Take(8).Select(Show))}]",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        return text.Length <= 80 ? text : text[..80] + "…";
    }
}
