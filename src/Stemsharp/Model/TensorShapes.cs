using System.Globalization;
using Stemsharp.Checkpoints;

namespace Stemsharp.Model;

/// <summary>The shapes of a checkpoint's tensors by name, asked for by those who derive a configuration from them.</summary>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="what">What the network is called, for messages.</param>
internal sealed class TensorShapes(Checkpoint checkpoint, string what)
{
    private readonly Dictionary<string, IReadOnlyList<int>> _shapes = checkpoint.Tensors.ToDictionary(t => t.Name, t => t.Shape, StringComparer.Ordinal);

    public IEnumerable<string> Names => _shapes.Keys;

    public bool Has(string name) => _shapes.ContainsKey(name);

    /// <summary>How many tensors there are of a name with a running number in it, at least one.</summary>
    /// <param name="name">The name with {0} where the number stands.</param>
    /// <param name="most">Where counting stops.</param>
    /// <param name="step">From one number to the next.</param>
    /// <exception cref="ModelException">There is none.</exception>
    public int Count(string name, int most, int step = 1)
    {
        int count = 0;
        while (count < most && Has(string.Format(CultureInfo.InvariantCulture, name, count * step)))
        {
            count++;
        }

        return count > 0 ? count : throw Missing(string.Format(CultureInfo.InvariantCulture, name, 0));
    }

    /// <summary>The shape of a tensor that has so many axes.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public IReadOnlyList<int> Find(string name, int rank) =>
        _shapes.TryGetValue(name, out IReadOnlyList<int>? shape) && shape.Count == rank && shape.All(d => d > 0) ? shape : throw Missing(name);

    private ModelException Missing(string name) => new($"it has no tensor {name} of the shape that every {what} has.");
}
