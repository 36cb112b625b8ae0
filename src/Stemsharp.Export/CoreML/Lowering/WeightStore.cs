using System.Numerics.Tensors;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>Turns trained tensors into constants: rounded, kept as halves, or palettized.</summary>
internal sealed class WeightStore(MilBuilder mil, IWeightSource source, CoreMLTarget target, PalettePolicy? palettes)
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
            throw new ModelException($"The parameter {parameter.Name} holds infinities or NaN; the checkpoint is damaged and cannot be exported.") { Failure = ModelFailure.Corrupt };
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

    /// <summary>
    /// How gain, shift and ε of a norm that computes in <paramref name="compute"/> are stored: they share a type. As a half ε
    /// is off by 0.1 %, which silence hears; beside palettes that is nothing, and from iOS 17 on it is allowed.
    /// </summary>
    public MilType Affine(MilType compute) => palettes is not null && target >= CoreMLTarget.IOS17 ? MilType.Float16 : compute;

    /// <summary>The constants of a convolution or linear layer that computes in <paramref name="compute"/>.</summary>
    /// <param name="name">The operation's name.</param>
    /// <param name="parameter">The trained weight that <paramref name="weight"/> comes from.</param>
    /// <param name="shape">The weight's shape.</param>
    /// <param name="outputs">The weight's axis of output channels.</param>
    /// <param name="weight">Row-major.</param>
    /// <param name="bias">One for each output channel.</param>
    /// <param name="compute">The operation's precision.</param>
    public (MilValue Weight, MilValue Bias) Layer(string name, Parameter parameter, ReadOnlySpan<int> shape, int outputs, float[] weight, float[] bias, MilType compute)
    {
        MilType stored = Stored(compute, weight, bias);
        MilValue w = palettes is not null && palettes.Includes(parameter, shape, outputs)
            ? Palettize($"{name}_weight", shape, outputs, weight, stored)
            : Constant($"{name}_weight", shape, weight, stored);
        return (w, mil.Floats($"{name}_bias", stored, [bias.Length], bias));
    }

    /// <summary>A trained tensor as it is; in single precision it is stored as halves where it consists of such.</summary>
    public MilValue Constant(string name, ReadOnlySpan<int> shape, float[] values, MilType type) =>
        type == MilType.Float32 && AllHalves(values) ? mil.Widened(name, shape, values, target) : mil.Floats(name, type, shape, values);

    private MilValue Palettize(string name, ReadOnlySpan<int> shape, int axis, float[] weight, MilType stored)
    {
        int[] groups = new int[shape.Length];
        Array.Fill(groups, 1);
        groups[axis] = palettes!.Groups(shape[axis]);
        Palette palette = Palettizer.Run(weight, shape, axis, groups[axis], palettes.Bits);
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
