namespace Stemsharp.Checkpoints;

/// <summary>
/// One tensor of a checkpoint. Its numbers stay where they are (in the file, or as a recipe) until they are
/// copied out. Copying is safe from several threads at once.
/// </summary>
internal abstract class StoredTensor
{
    protected StoredTensor(string name, IReadOnlyList<int> shape, ElementType type)
    {
        Name = name;
        Shape = shape;
        Type = type;
        long count = 1;
        foreach (int dimension in shape)
        {
            count = checked(count * dimension);
        }

        Count = checked((int)count);
    }

    /// <summary>The state-dict key, such as <c>encoder.0.conv.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Dimensions, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<int> Shape { get; }

    public ElementType Type { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>Copies all elements, row-major, as floats.</summary>
    /// <param name="destination">Exactly <see cref="Count"/> floats.</param>
    public abstract void CopyTo(Span<float> destination);

    /// <summary>Copies all elements, row-major, when they are stored as halves; otherwise does nothing.</summary>
    /// <param name="destination">Exactly <see cref="Count"/> halves.</param>
    /// <returns>Whether <see cref="Type"/> is <see cref="ElementType.Half"/>.</returns>
    public abstract bool TryCopyTo(Span<Half> destination);

    /// <summary>Copies all elements, row-major, in their stored type, little-endian.</summary>
    /// <param name="destination">Exactly <see cref="Count"/> times the element's size.</param>
    public abstract void CopyRawTo(Span<byte> destination);

    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}] {Type}";
}
