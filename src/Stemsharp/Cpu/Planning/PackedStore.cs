using Stemsharp.Graph;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;

namespace Stemsharp.Cpu.Planning;

/// <summary>
/// A network's weights as kernels read them: packed matrices and small vectors, each made once. Plans of the same network for other
/// lengths find theirs here, and need the checkpoint only for what they pack in another way.
/// </summary>
/// <param name="sketch">
/// For a plan that only tells what it would take: whether a tensor is stored in half precision. Nothing is read or packed then. Null
/// for a store that is used.
/// </param>
internal sealed class PackedStore(Func<Parameter, bool>? sketch = null) : IDisposable
{
    private readonly Dictionary<(string Key, int Rows, int K), PackedWeights[]> _matrices = [];
    private readonly List<(string Key, int Rows, int K)> _unfilled = [];
    private readonly Dictionary<string, float[]> _vectors = new(StringComparer.Ordinal);

    /// <summary>Memory of the packed matrices.</summary>
    public long Bytes => _matrices.Values.Sum(parts => parts.Sum(p => p.Bytes));

    /// <summary>Matrices that are filled once, when they are first asked for.</summary>
    /// <param name="key">Tells how they are made from which tensor.</param>
    /// <param name="count">How many.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="k">Length of a row.</param>
    /// <param name="fill">Has them filled.</param>
    /// <param name="kept">For each the tensor whose numbers it holds unchanged, so that halves stay narrow, or null where it is computed; null where all are.</param>
    /// <param name="pairs">Multiplies them as pairs of bfloat16; null for single precision. The key tells them apart.</param>
    public PackedWeights[] Matrices(string key, int count, int rows, int k, Action<PackedWeights[]> fill, IReadOnlyList<Parameter?>? kept = null, PairKernels? pairs = null)
    {
        if (!_matrices.TryGetValue((key, rows, k), out PackedWeights[]? parts))
        {
            parts = [.. Enumerable.Range(0, count).Select(_ => new PackedWeights(rows, k, pairs))];
            _matrices.Add((key, rows, k), parts);
            if (sketch is not null)
            {
                for (int i = 0; i < count; i++)
                {
                    parts[i].Sketch(kept?[i] is { } parameter && sketch(parameter));
                }

                return parts;
            }

            _unfilled.Add((key, rows, k));
            fill(parts);
        }

        return parts;
    }

    /// <summary>A small tensor, which is kept.</summary>
    public float[] Vector(Parameter parameter, Func<Parameter, float[]> read)
    {
        if (!_vectors.TryGetValue(parameter.Name, out float[]? vector))
        {
            _vectors.Add(parameter.Name, vector = sketch is null ? read(parameter) : new float[parameter.Shape.Elements]);
        }

        return vector;
    }

    /// <summary>Everything that was asked for has been filled.</summary>
    public void Complete() => _unfilled.Clear();

    /// <summary>Making a plan failed: what it asked for may not have been filled, and is forgotten.</summary>
    public void Abandon()
    {
        foreach ((string Key, int Rows, int K) key in _unfilled)
        {
            if (_matrices.Remove(key, out PackedWeights[]? parts))
            {
                Array.ForEach(parts, p => p.Dispose());
            }
        }

        _unfilled.Clear();
    }

    public void Dispose()
    {
        foreach (PackedWeights part in _matrices.Values.SelectMany(parts => parts))
        {
            part.Dispose();
        }
    }
}
