using System.Runtime.InteropServices;
using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Puts trained tensors into the graph. Large ones that are exact in half precision are stored as halves,
/// followed by a Cast where they are needed as singles; the rest is stored in the type it is needed in.
/// </summary>
internal sealed class WeightStore(OnnxGraph graph, IWeightSource source, bool asHalves)
{
    /// <summary>Below this many elements a Cast node and its run-time structures outweigh the bytes it saves.</summary>
    public const int WidenBelow = 30_000;

    private readonly Dictionary<(string Name, ElementType Type), Tensor> _made = [];

    /// <summary>All elements as singles, row-major.</summary>
    public float[] Read(Parameter parameter)
    {
        float[] values = new float[parameter.Shape.Elements];
        source.Read(parameter, values);
        return values;
    }

    /// <summary>A whole parameter as [dims].</summary>
    public Tensor Get(Parameter parameter, ElementType type, params int[] dims) => Get(parameter, "", 0, dims, type);

    /// <summary>
    /// Consecutive elements of a parameter, from the given offset, as [dims]; the suffix sets their name
    /// apart from the whole parameter's.
    /// </summary>
    public Tensor Get(Parameter parameter, string suffix, int offset, int[] dims, ElementType type)
    {
        string name = parameter.Name + suffix;
        if (_made.TryGetValue((name, type), out Tensor? known))
        {
            return known;
        }

        int count = dims.Aggregate(1, (n, d) => checked(n * d));
        Tensor made = type == ElementType.Half || (asHalves && count >= WidenBelow)
            ? Stored(parameter, name, offset, count, dims, type)
            : Store(name, dims, Read(parameter).AsSpan(offset, count), type);
        _made[(name, type)] = made;
        return made;
    }

    /// <summary>A whole parameter with its elements in another order, some left out, zeros between them.</summary>
    /// <param name="parameter">The parameter; its name is the tensor's.</param>
    /// <param name="dims">The tensor's shape.</param>
    /// <param name="type">The type it is needed in.</param>
    /// <param name="arrange">Writes the elements [from] in their new order [to].</param>
    public Tensor Arranged(Parameter parameter, int[] dims, ElementType type, Action<float[], float[]> arrange)
    {
        float[] values = new float[dims.Aggregate(1, (n, d) => checked(n * d))];
        arrange(Read(parameter), values);
        if (type == ElementType.Half || !asHalves || values.Length < WidenBelow || !Array.TrueForAll(values, v => (float)(Half)v == v))
        {
            return Store(parameter.Name, dims, values, type);
        }

        return graph.Cast(Store(parameter.Name, dims, values, ElementType.Half), ElementType.Float);
    }

    /// <summary>Values derived from parameters, under a name of their own.</summary>
    public Tensor Store(string name, int[] dims, ReadOnlySpan<float> values, ElementType type)
    {
        byte[] data;
        if (type == ElementType.Half)
        {
            Half[] halves = new Half[values.Length];
            for (int i = 0; i < halves.Length; i++)
            {
                halves[i] = (Half)values[i];
            }

            data = MemoryMarshal.AsBytes<Half>(halves).ToArray();
        }
        else
        {
            data = MemoryMarshal.AsBytes(values).ToArray();
        }

        // One parameter may be needed in both types.
        return graph.Initializer(_made.Keys.Any(k => k.Name == name) ? $"{name}/{type}" : name, type, dims, data);
    }

    private Tensor Stored(Parameter parameter, string name, int offset, int count, int[] dims, ElementType type)
    {
        Half[] halves = new Half[parameter.Shape.Elements];
        if (!source.TryReadHalf(parameter, halves))
        {
            float[] singles = Read(parameter);
            for (int i = 0; i < singles.Length; i++)
            {
                halves[i] = (Half)singles[i];
            }

            bool exact = true;
            for (int i = offset; i < offset + count && exact; i++)
            {
                exact = (float)halves[i] == singles[i];
            }

            if (!exact && type == ElementType.Float)
            {
                return Store(name, dims, singles.AsSpan(offset, count), type);
            }
        }

        byte[] data = MemoryMarshal.AsBytes(halves.AsSpan(offset, count)).ToArray();
        return graph.Cast(graph.Initializer(name, ElementType.Half, dims, data), type);
    }
}
