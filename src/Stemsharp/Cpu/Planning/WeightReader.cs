using Stemsharp.Graph;

namespace Stemsharp.Cpu.Planning;

/// <summary>Trained tensors in the orders that packing wants, and small ones to keep.</summary>
internal sealed class WeightReader(IWeightSource source, PackedStore store) : TensorReader(source)
{
    /// <summary>A small tensor to keep. Only the thread that makes the plan asks for them.</summary>
    public float[] Vector(Parameter parameter) => store.Vector(parameter, Copy);

    public NormWeights Norm(Parameter weight, Parameter bias, double epsilon) => new(Vector(weight), Vector(bias), epsilon);

    /// <summary>LayerScale's factors, or ones.</summary>
    public NormWeights Scale(Parameter? scale, int channels)
    {
        float[] ones = new float[channels];
        Array.Fill(ones, 1f);
        return new NormWeights(scale == null ? ones : Vector(scale), []);
    }
}
