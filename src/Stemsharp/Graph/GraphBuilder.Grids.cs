namespace Stemsharp.Graph;

/// <content>What networks over whole spectrograms need beside it.</content>
internal sealed partial class GraphBuilder
{
    /// <summary>A transposed convolution whose stride is its kernel, without bias.</summary>
    public Value Upsample(string name, Value x, int channels, int kernelF, int kernelT)
    {
        using (Scope(name))
        {
            Parameter weight = Parameter("weight", [x.Shape.Channels, channels, kernelF, kernelT]);
            return Add(new UpsampleOp(weight), new Shape(channels, x.Shape.Rows * kernelF, x.Shape.Last * kernelT), x);
        }
    }

    /// <summary>A convolution of each channel on its own along the last axis, which keeps its length.</summary>
    public Value DepthwiseConv(string name, Value x, int kernel)
    {
        using (Scope(name))
        {
            Require(kernel % 2 == 1, $"a kernel of {kernel} has no middle");
            return Add(new DepthwiseConvOp(Parameter("weight", [x.Shape.Channels, 1, kernel]), Parameter("bias", [x.Shape.Channels])), x.Shape, x);
        }
    }

    /// <summary>A linear layer over the last axis, without bias.</summary>
    public Value LastAxisLinear(string name, Value x, int length)
    {
        using (Scope(name))
        {
            return Add(new LastAxisLinearOp(Parameter("weight", [length, x.Shape.Last])), x.Shape.WithLast(length), x);
        }
    }

    public Value BatchNorm(string name, Value x)
    {
        using (Scope(name))
        {
            int channels = x.Shape.Channels;
            return Add(
                new BatchNormOp(Parameter("weight", [channels]), Parameter("bias", [channels]), Parameter("running_mean", [channels]), Parameter("running_var", [channels]), 1e-5), x.Shape, x);
        }
    }

    public Value Elu(Value x, double alpha) => Function("elu", new EluOp(alpha), x.Shape, x);

    public Value Silu(Value x) => Function("silu", new SiluOp(), x.Shape, x);

    public Value Mul(string name, Value a, Value b)
    {
        Require(a.Shape.Equals(b.Shape), $"shapes {a.Shape} and {b.Shape} cannot be multiplied");
        return Function(name, new MulOp(), a.Shape, a, b);
    }

    public Value Reshape(string name, Value x, params ReadOnlySpan<int> dims)
    {
        Shape shape = new(dims);
        Require(shape.Elements == x.Shape.Elements, $"{x.Shape} does not hold the numbers of {shape}");
        return Function(name, new ReshapeOp(), shape, x);
    }

    /// <summary>[C, F, T] to [C, T, F].</summary>
    public Value Swap(string name, Value x) => Function(name, new SwapOp(), new Shape(x.Shape.Channels, x.Shape.Last, x.Shape.Rows), x);

    /// <summary>Values [C, F, T] one after the other, by channels (axis 0) or rows (axis 1).</summary>
    public Value Concat(string name, int axis, params ReadOnlySpan<Value> parts)
    {
        int[] dims = [.. parts[0].Shape.Dims];
        for (int i = 1; i < parts.Length; i++)
        {
            for (int a = 0; a < dims.Length; a++)
            {
                Require(a == axis || parts[i].Shape[a] == dims[a], $"shapes {parts[0].Shape} and {parts[i].Shape} do not fit together along axis {axis}");
            }

            dims[axis] += parts[i].Shape[axis];
        }

        return Function(name, new ConcatOp(axis), new Shape(dims), parts);
    }

    /// <summary>Rows of zeros around those of [C, F, T].</summary>
    public Value PadRows(Value x, int before, int after) =>
        before == 0 && after == 0 ? x : Function("pad", new PadRowsOp(before, after), new Shape(x.Shape.Channels, x.Shape.Rows + before + after, x.Shape.Last), x);

    /// <summary>A Fourier transform of real numbers over the last axis, times a factor.</summary>
    public Value RealFourier(string name, Value x, double scale)
    {
        Require(x.Shape.Last % 2 == 0, $"a transform of {x.Shape.Last} points has no middle bin");
        return Function(name, new RealFourierOp(scale), new Shape(2 * x.Shape.Channels, x.Shape.Rows, x.Shape.Last / 2 + 1), x);
    }

    /// <summary>Its inverse.</summary>
    public Value InverseRealFourier(string name, Value x, double scale)
    {
        Require(x.Shape.Channels % 2 == 0 && x.Shape.Last > 1, $"{x.Shape} is not a spectrum's real and imaginary parts");
        return Function(name, new InverseRealFourierOp(scale), new Shape(x.Shape.Channels / 2, x.Shape.Rows, 2 * (x.Shape.Last - 1)), x);
    }
}
