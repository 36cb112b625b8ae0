using System.Collections.Immutable;

namespace Stemsharp.Graph;

/// <summary>
/// The static shape of a value: one channel axis followed by zero, one or two spatial axes.
/// [C], [C, T] (time branch) or [C, F, T] (frequency branch; F frequency rows, T time frames).
/// There is no batch axis.
/// </summary>
internal sealed class Shape : IEquatable<Shape>
{
    public Shape(params ReadOnlySpan<int> dims)
    {
        foreach (int d in dims)
        {
            if (d <= 0)
            {
                throw new ModelException($"A value of shape [{string.Join(", ", dims.ToArray())}] was asked for; every axis needs at least one element. The model's configuration does not fit its segment length.");
            }
        }

        Dims = [.. dims];
    }

    public ImmutableArray<int> Dims { get; }

    public int Rank => Dims.Length;

    public int this[int axis] => Dims[axis];

    /// <summary>C, the first axis.</summary>
    public int Channels => Dims[0];

    /// <summary>The last axis: samples, time frames or tokens' innermost index.</summary>
    public int Last => Dims[^1];

    /// <summary>Frequency rows F of a [C, F, T] value, 1 for the others.</summary>
    public int Rows => Rank == 3 ? Dims[1] : 1;

    /// <summary>Positions per channel: the product of the spatial axes.</summary>
    public int Positions => checked((int)(Elements / Channels));

    public long Elements
    {
        get
        {
            long n = 1;
            foreach (int d in Dims)
            {
                n = checked(n * d);
            }

            return n;
        }
    }

    /// <summary>Positions of a sequence along an axis.</summary>
    public int Length(SequenceAxis axis) => axis switch
    {
        SequenceAxis.Rows => Rows,
        SequenceAxis.Last => Last,
        _ => Positions,
    };

    /// <summary>The same shape with another number of channels.</summary>
    public Shape WithChannels(int channels) => new([channels, .. Dims.AsSpan()[1..]]);

    /// <summary>The same shape with another last axis.</summary>
    public Shape WithLast(int last) => new([.. Dims.AsSpan()[..^1], last]);

    public bool Equals(Shape? other) => other is not null && Dims.AsSpan().SequenceEqual(other.Dims.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as Shape);

    public override int GetHashCode()
    {
        HashCode hash = new();
        foreach (int d in Dims)
        {
            hash.Add(d);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", Dims)}]";
}
