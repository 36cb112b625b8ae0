using Stemsharp.Graph;

namespace Stemsharp.Cpu.Planning;

/// <summary>Trained tensors in the orders that packing wants.</summary>
internal sealed class WeightReader(IWeightSource source)
{
    private (Parameter? Parameter, float[] Data) _last = (null, []);

    /// <summary>Row-major, as in the state dict.</summary>
    public float[] Read(Parameter parameter)
    {
        // Attention's packed projections are read three times in a row.
        if (_last.Parameter == parameter) return _last.Data;
        var data = new float[parameter.Shape.Elements];
        source.Read(parameter, data);
        _last = (parameter, data);
        return data;
    }

    public NormWeights Norm(Parameter weight, Parameter bias, double epsilon) => new(Read(weight), Read(bias), epsilon);

    /// <summary>LayerScale's factors, or ones.</summary>
    public NormWeights Scale(Parameter? scale, int channels)
    {
        var ones = new float[channels];
        Array.Fill(ones, 1f);
        return new NormWeights(scale == null ? ones : Read(scale), []);
    }

    /// <summary>A convolution's weight [Cout, Cin, taps…] as [Cout][tap][Cin].</summary>
    public float[] TapsFirst(Parameter weight)
    {
        float[] data = Read(weight);
        int rows = weight.Shape[0], channels = weight.Shape[1], taps = data.Length / rows / channels;
        if (taps == 1) return data;
        var result = new float[data.Length];
        for (int o = 0; o < rows; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int t = 0; t < taps; t++) result[(o * taps + t) * channels + c] = data[(o * channels + c) * taps + t];
            }
        }

        return result;
    }

    /// <summary>
    /// A transposed convolution's weight [Cin, Cout, kernel] as the matrix of an ordinary one:
    /// rows (phase, Cout), or (Cout, phase); columns (tap, Cin), where the last of the taps is the newest input.
    /// </summary>
    public float[] Phases(Parameter weight, int stride, bool phaseFirst)
    {
        float[] data = Read(weight);
        int cin = weight.Shape[0], cout = weight.Shape[1], kernel = weight.Shape[2], taps = (kernel + stride - 1) / stride;
        var result = new float[stride * cout * taps * cin];
        for (int p = 0; p < stride; p++)
        {
            for (int o = 0; o < cout; o++)
            {
                int row = phaseFirst ? p * cout + o : o * stride + p;
                for (int a = 0; a < taps; a++)
                {
                    int k = p + (taps - 1 - a) * stride;
                    for (int c = 0; k < kernel && c < cin; c++) result[(row * taps + a) * cin + c] = data[(c * cout + o) * kernel + k];
                }
            }
        }

        return result;
    }
}
