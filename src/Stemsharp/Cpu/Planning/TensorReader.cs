using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Planning;

/// <summary>
/// Trained tensors in the orders that packing wants. Large ones pass through two buffers outside the managed
/// heap, which would otherwise grow by the size of the model.
/// </summary>
internal unsafe class TensorReader(IWeightSource source) : IDisposable
{
    private readonly Buffer _raw = new(), _arranged = new();

    /// <summary>Row-major, as in the state dict; valid until the next call of any method but <see cref="Copy"/>.</summary>
    public Span<float> Read(Parameter parameter)
    {
        Span<float> data = _raw.Take(parameter.Shape.Elements);
        source.Read(parameter, data);
        return data;
    }

    /// <summary>A tensor in memory of its own.</summary>
    public float[] Copy(Parameter parameter)
    {
        float[] data = new float[parameter.Shape.Elements];
        source.Read(parameter, data);
        return data;
    }

    /// <summary>Room for further rearrangement of what <see cref="TapsFirst"/> gave.</summary>
    public Span<float> Spare(long count) => _raw.Take(count);

    /// <summary>A convolution's weight [Cout, Cin, taps…] as [Cout][tap][Cin].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Span<float> TapsFirst(Parameter weight)
    {
        Span<float> data = Read(weight);
        int rows = weight.Shape[0], channels = weight.Shape[1], taps = data.Length / rows / channels;
        if (taps == 1)
        {
            return data;
        }

        Span<float> result = _arranged.Take(data.Length);
        for (int o = 0; o < rows; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int t = 0; t < taps; t++)
                {
                    result[(o * taps + t) * channels + c] = data[(o * channels + c) * taps + t];
                }
            }
        }

        return result;
    }

    /// <summary>The same for a convolution whose input is some channels twice: [Cout][tap][Cin / 2], the sums of both halves' weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Span<float> FoldedTaps(Parameter weight)
    {
        Span<float> taps = TapsFirst(weight);
        int half = weight.Shape[1] / 2;
        for (int row = 0; row < taps.Length / (2 * half); row++)
        {
            for (int c = 0; c < half; c++)
            {
                taps[row * half + c] = taps[row * 2 * half + c] + taps[(row * 2 + 1) * half + c];
            }
        }

        return taps[..(taps.Length / 2)];
    }

    /// <summary>A matrix [n, k] as the rows of <see cref="MatrixPanels"/>.</summary>
    public Span<float> Panels(Parameter weight)
    {
        int n = weight.Shape[0], k = weight.Shape[1];
        Span<float> data = Read(weight), result = _arranged.Take((long)MatrixPanels.Rows(n) * MatrixPanels.Length(k));
        MatrixPanels.Arrange(data, n, k, result);
        return result;
    }

    /// <summary>A transposed convolution's weight [Cin, Cout, kF, kT] as rows (a, Cout, b) of Cin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Span<float> Fields(Parameter weight)
    {
        Span<float> data = Read(weight), result = _arranged.Take(data.Length);
        int cin = weight.Shape[0], cout = weight.Shape[1], kernelF = weight.Shape[2], kernelT = weight.Shape[3];
        for (int c = 0; c < cin; c++)
        {
            for (int o = 0; o < cout; o++)
            {
                for (int a = 0; a < kernelF; a++)
                {
                    for (int b = 0; b < kernelT; b++)
                    {
                        result[((a * cout + o) * kernelT + b) * cin + c] = data[((c * cout + o) * kernelF + a) * kernelT + b];
                    }
                }
            }
        }

        return result;
    }

    /// <summary>The middle row of a convolution's weight [Cout, Cin, rows, taps] as [Cout][tap][Cin]: what a single row of input meets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Span<float> MiddleTaps(Parameter weight)
    {
        Span<float> data = Read(weight);
        (int rows, int channels, int kernel, int taps) = (weight.Shape[0], weight.Shape[1], weight.Shape[2], weight.Shape[3]);
        Span<float> result = _arranged.Take((long)rows * taps * channels);
        for (int o = 0; o < rows; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int t = 0; t < taps; t++)
                {
                    result[(o * taps + t) * channels + c] = data[((o * channels + c) * kernel + kernel / 2) * taps + t];
                }
            }
        }

        return result;
    }

    /// <summary>
    /// A transposed convolution's weight [Cin, Cout, kernel] as the matrix of an ordinary one:
    /// rows (phase, Cout), or (Cout, phase); columns (tap, Cin), where the last of the taps is the newest input.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Span<float> Phases(Parameter weight, int stride, bool phaseFirst)
    {
        Span<float> data = Read(weight);
        int cin = weight.Shape[0], cout = weight.Shape[1], kernel = weight.Shape[2], taps = (kernel + stride - 1) / stride;
        Span<float> result = _arranged.Take((long)stride * cout * taps * cin);
        result.Clear();
        for (int p = 0; p < stride; p++)
        {
            for (int o = 0; o < cout; o++)
            {
                int row = phaseFirst ? p * cout + o : o * stride + p;
                for (int a = 0; a < taps; a++)
                {
                    int k = p + (taps - 1 - a) * stride;
                    for (int c = 0; k < kernel && c < cin; c++)
                    {
                        result[(row * taps + a) * cin + c] = data[(c * cout + o) * kernel + k];
                    }
                }
            }
        }

        return result;
    }

    public void Dispose()
    {
        _raw.Dispose();
        _arranged.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class Buffer : IDisposable
    {
        private NativeBuffer<float>? _memory;

        public Span<float> Take(long count)
        {
            if (_memory is null || count > _memory.Length)
            {
                _memory?.Dispose();
                _memory = new NativeBuffer<float>(count, zeroed: false);
            }

            return _memory.Span[..checked((int)count)];
        }

        public void Dispose()
        {
            _memory?.Dispose();
            _memory = null;
        }
    }
}
