using System.Numerics.Tensors;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>Turns trained tensors into constants: rounded, kept as halves, or palettized.</summary>
internal sealed class WeightStore(MilBuilder mil, IWeightSource source, CoreMLTarget target, PaletteOptions? palettes)
{
    private const float LargestHalf = 65504;
    private readonly Dictionary<Parameter, float[]> _small = [];

    /// <summary>A tensor's values. Small ones are kept; large ones are read again when asked again.</summary>
    public float[] Read(Parameter parameter)
    {
        if (_small.TryGetValue(parameter, out float[]? known))
        {
            return known;
        }

        float[] values = new float[parameter.Shape.Elements];
        source.Read(parameter, values);
        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            throw new ModelException($"The parameter {parameter.Name} holds infinities or NaN; the checkpoint is damaged and cannot be exported.");
        }

        if (values.Length <= 1 << 16)
        {
            _small.Add(parameter, values);
        }

        return values;
    }

    /// <summary>Whether all of these fit into half precision's range.</summary>
    public static bool FitsHalf(params ReadOnlySpan<float[]> tensors)
    {
        foreach (float[] values in tensors)
        {
            if (TensorPrimitives.MaxMagnitude<float>(values) is > LargestHalf or < -LargestHalf)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// How the parameters of an operation that computes in <paramref name="compute"/> are stored. From iOS 17
    /// on, single-precision operations take half-precision parameters: those that are exactly halves stay so.
    /// </summary>
    public MilType Stored(MilType compute, float[] first, float[] second) =>
        compute == MilType.Float16 || (target >= CoreMLTarget.IOS17 && AllHalves(first) && AllHalves(second)) ? MilType.Float16 : MilType.Float32;

    /// <summary>The constants of a convolution or linear layer that computes in <paramref name="compute"/>.</summary>
    public (MilValue Weight, MilValue Bias) Layer(string name, Parameter parameter, ReadOnlySpan<int> shape, float[] weight, float[] bias, MilType compute)
    {
        MilType stored = Stored(compute, weight, bias);
        MilValue w = palettes is not null && PaletteOptions.Includes(parameter, weight.Length, shape.Length)
            ? Palettize($"{name}_weight", shape, weight, stored)
            : stored == MilType.Float32 && AllHalves(weight) ? mil.Widened($"{name}_weight", shape, weight)
            : mil.Floats($"{name}_weight", stored, shape, weight);
        return (w, mil.Floats($"{name}_bias", stored, [bias.Length], bias));
    }

    private MilValue Palettize(string name, ReadOnlySpan<int> shape, float[] weight, MilType stored)
    {
        int[] groups = new int[shape.Length];
        Array.Fill(groups, 1);
        if (target >= CoreMLTarget.IOS18)
        {
            groups[0] = palettes!.Groups(shape[0]);
        }

        Palette palette = Palettizer.Run(weight, groups[0], palettes!.Bits);
        return mil.Palettized(name, stored, shape, palettes.Bits, groups, palette.Tables, BitPacking.Pack(palette.Indices, palettes.Bits), target);
    }

    private static bool AllHalves(float[] values)
    {
        foreach (float v in values)
        {
            if ((float)(Half)v != v)
            {
                return false;
            }
        }

        return true;
    }
}
