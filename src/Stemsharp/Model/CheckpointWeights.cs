using System.Text;
using Stemsharp.Checkpoints;
using Stemsharp.Graph;

namespace Stemsharp.Model;

/// <summary>
/// A checkpoint's tensors as the weights of a graph. Everything that the graph asks for is there in its shape,
/// and nothing is left over; otherwise it is not made.
/// </summary>
internal sealed class CheckpointWeights : IWeightSource
{
    private const int Shown = 5;

    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    /// <exception cref="ModelException">Names all missing, surplus and mis-shaped tensors together.</exception>
    public CheckpointWeights(Checkpoint checkpoint, CheckpointNetwork network, Graph.Graph graph)
    {
        List<string> missing = [];
        List<string> wrong = [];
        foreach (Parameter parameter in graph.Parameters)
        {
            StoredTensor? tensor = checkpoint.Find(parameter.Name, parameter.Shape.Dims);
            if (tensor is null)
            {
                missing.Add(parameter.ToString());
            }
            else if (!tensor.Shape.SequenceEqual(parameter.Shape.Dims))
            {
                wrong.Add($"{parameter.Name} is [{string.Join(", ", tensor.Shape)}] instead of {parameter.Shape}");
            }
            else if (!tensor.Type.IsFloatingPoint())
            {
                wrong.Add($"{parameter.Name} holds {tensor.Type} instead of floating-point numbers");
            }
            else
            {
                _tensors.Add(parameter.Name, tensor);
            }
        }

        HashSet<string> asked = graph.Parameters.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        List<string> surplus = [.. checkpoint.Tensors.Where(t => !asked.Contains(t.Name) && !network.IsUnused(t.Name)).Select(t => t.Name)];
        if (missing.Count + wrong.Count + surplus.Count == 0)
        {
            return;
        }

        StringBuilder message = new($"{checkpoint.Name} does not hold the tensors of the model that its configuration describes.");
        Append(message, "missing", missing);
        Append(message, "of the wrong shape or type", wrong);
        Append(message, "not part of the model", surplus);
        message.Append(" The file is of another model, or its configuration is not the one it was trained with.");
        throw new ModelException(message.ToString());
    }

    public void Read(Parameter parameter, Span<float> destination) => _tensors[parameter.Name].CopyTo(destination);

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) => _tensors[parameter.Name].TryCopyTo(destination);

    /// <summary>Whether a tensor is stored in half precision.</summary>
    public bool IsHalf(Parameter parameter) => _tensors[parameter.Name].Type == ElementType.Half;

    private static void Append(StringBuilder message, string what, List<string> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        message.Append($" {items.Count} {what}: {string.Join("; ", items.Take(Shown))}{(items.Count > Shown ? "; …" : "")}.");
    }
}
