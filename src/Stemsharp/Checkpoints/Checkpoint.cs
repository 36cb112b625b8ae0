namespace Stemsharp.Checkpoints;

/// <summary>
/// An open checkpoint: the arguments that its model was built with, where it has them, and its tensors by name.
/// Opening reads the directory only; tensors are read one by one on request.
/// </summary>
internal abstract class Checkpoint : IDisposable
{
    /// <summary>The file's name, or the name of a synthetic or embedded model; for messages.</summary>
    public abstract string Name { get; }

    /// <summary>What the file was named by when it was trained (<c>955717e8</c>); the name's stem otherwise.</summary>
    public abstract string Signature { get; }

    /// <summary>The whole file's SHA-256 in lower-case hex, or null when there is no file.</summary>
    public abstract string? Sha256 { get; }

    /// <summary>
    /// The model's constructor arguments as plain values (null, bool, long, double, string, <see cref="Fraction"/>,
    /// List&lt;object?&gt;, Dictionary&lt;string, object?&gt;), or null when the file has no config inside.
    /// </summary>
    public abstract IReadOnlyDictionary<string, object?>? Arguments { get; }

    /// <summary>All tensors in the file's order; empty for a synthetic checkpoint, which has any tensor asked for.</summary>
    public abstract IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Whether tensors are made by a recipe from their name and shape instead of being stored.</summary>
    public virtual bool IsSynthetic => false;

    /// <summary>The tensor of that name, or null when there is none.</summary>
    /// <param name="name">The state-dict key.</param>
    /// <param name="shape">The shape that the model wants. A stored tensor keeps its own, which the caller compares.</param>
    public abstract StoredTensor? Find(string name, IReadOnlyList<int> shape);

    public abstract void Dispose();
}
