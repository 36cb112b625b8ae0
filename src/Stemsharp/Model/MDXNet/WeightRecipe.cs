using System.Numerics.Tensors;
using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model.MDXNet;

/// <summary>How a parameter of the graph comes out of a file's constants.</summary>
internal abstract record WeightRecipe
{
    /// <summary>A constant as it is.</summary>
    public sealed record Plain(string Tensor) : WeightRecipe;

    /// <summary>A constant [in, out] as [out, in].</summary>
    public sealed record Transposed(string Tensor) : WeightRecipe;

    /// <summary>A constant less another one.</summary>
    public sealed record Difference(string Tensor, string Subtrahend) : WeightRecipe;

    /// <summary>A constant plus a number.</summary>
    public sealed record Shifted(string Tensor, double Summand) : WeightRecipe;

    /// <summary>One number everywhere.</summary>
    public sealed record Filled(double Value) : WeightRecipe;
}

/// <summary>A file's constants as the weights of the graph that was made of it.</summary>
/// <param name="checkpoint">The open file, which is closed with the weights.</param>
/// <param name="recipes">By parameter.</param>
internal sealed class ImportedWeights(OnnxCheckpoint checkpoint, IReadOnlyDictionary<string, WeightRecipe> recipes) : INetworkWeights
{
    public string Name => checkpoint.Name;

    public string? Sha256 => checkpoint.Sha256;

    public bool IsHalf(Parameter parameter) => recipes[parameter.Name] is WeightRecipe.Plain plain && Find(plain.Tensor).Type == ElementType.Half;

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) =>
        recipes[parameter.Name] is WeightRecipe.Plain plain && Find(plain.Tensor).TryCopyTo(destination);

    public void Read(Parameter parameter, Span<float> destination)
    {
        switch (recipes[parameter.Name])
        {
            case WeightRecipe.Plain plain:
                Find(plain.Tensor).CopyTo(destination);
                break;
            case WeightRecipe.Transposed transposed:
                float[] columns = Copy(transposed.Tensor);
                int rows = parameter.Shape[0], length = parameter.Shape[1];
                for (int r = 0; r < rows; r++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        destination[r * length + i] = columns[i * rows + r];
                    }
                }

                break;
            case WeightRecipe.Difference difference:
                TensorPrimitives.Subtract(Copy(difference.Tensor), Copy(difference.Subtrahend), destination);
                break;
            case WeightRecipe.Shifted shifted:
                TensorPrimitives.Add(Copy(shifted.Tensor), (float)shifted.Summand, destination);
                break;
            case WeightRecipe.Filled filled:
                destination.Fill((float)filled.Value);
                break;
        }
    }

    public void Dispose() => checkpoint.Dispose();

    private float[] Copy(string name)
    {
        StoredTensor tensor = Find(name);
        float[] values = new float[tensor.Count];
        tensor.CopyTo(values);
        return values;
    }

    private StoredTensor Find(string name) => checkpoint.Find(name, [])
        ?? throw new ModelException($"{checkpoint.Name} has changed since it was opened: it has no tensor {name} any more.") { Failure = ModelFailure.Corrupt };
}
