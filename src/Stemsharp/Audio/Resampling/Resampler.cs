using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// Changes the sample rate block by block. Output frame k lies exactly at the input's instant k·from/to, and there is
/// an output frame for every such instant before the input's end: ⌈frames·to/from⌉ of them.
/// </summary>
internal sealed class Resampler
{
    private const int BlockFrames = 4096, DotBlock = 4096;
    private readonly ResamplerFilter _filter;
    private readonly float[][] _history;
    private readonly int _wholeStep, _phaseStep;

    /// <summary>Frames in <see cref="_history"/>, and where the next output's window begins in it.</summary>
    private int _filled, _window;

    /// <summary>The next output's place between two input frames, in 1/<see cref="ResamplerFilter.Up"/>.</summary>
    private int _phase;

    private long _input, _output;

    /// <param name="from">Rate of what comes in, in Hz.</param>
    /// <param name="to">Rate of what goes out, in Hz.</param>
    /// <param name="channels">Samples in a frame.</param>
    public Resampler(int from, int to, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        From = from;
        To = to;
        Channels = channels;
        _filter = ResamplerFilter.For(from, to);
        _wholeStep = _filter.Down / _filter.Up;
        _phaseStep = _filter.Down % _filter.Up;
        _history = new float[channels][];
        for (int c = 0; c < channels; c++)
        {
            _history[c] = new float[_filter.Taps + Math.Max(BlockFrames, _filter.Taps + _wholeStep)];
        }
        // Before the recording there is silence.
        _filled = _filter.HalfTaps - 1;
    }

    public int From { get; }
    public int To { get; }
    public int Channels { get; }

    /// <summary>Frames that a recording has at another rate.</summary>
    public static long OutputLength(long frames, int from, int to)
    {
        Int128 product = (Int128)frames * to;
        return (long)((product + from - 1) / from);
    }

    /// <summary>Takes input until it is used up or the output is full.</summary>
    /// <param name="input">[frames, channels].</param>
    /// <param name="output">[frames, channels], overwritten from the start.</param>
    /// <param name="consumed">Input frames that were taken.</param>
    /// <returns>Output frames that were made.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Process(ReadOnlySpan<float> input, Span<float> output, out int consumed)
    {
        int frames = input.Length / Channels, room = output.Length / Channels, produced = 0;
        consumed = 0;
        while (true)
        {
            produced += Produce(output[(produced * Channels)..], room - produced);
            if (produced == room || consumed == frames)
            {
                return produced;
            }

            consumed += Append(input[(consumed * Channels)..], frames - consumed);
        }
    }

    /// <summary>Makes the frames that were waiting for input which will not come.</summary>
    /// <param name="output">[frames, channels], overwritten from the start.</param>
    /// <returns>Output frames that were made; 0 when all are out.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Finish(Span<float> output)
    {
        long left = OutputLength(_input, From, To) - _output;
        int room = (int)Math.Min(output.Length / Channels, left), produced = 0;
        while (produced < room)
        {
            produced += Produce(output[(produced * Channels)..], room - produced);
            if (produced < room)
            {
                AppendSilence();
            }
        }

        return produced;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Produce(Span<float> output, int room)
    {
        int taps = _filter.Taps, produced = 0;
        ReadOnlySpan<float> coefficients = _filter.Coefficients;
        while (produced < room && _window + taps <= _filled)
        {
            if (_filter.Interpolates)
            {
                double place = (double)_phase / _filter.Up * _filter.Phases;
                int row = (int)place;
                float part = (float)(place - row);
                ReadOnlySpan<float> first = coefficients.Slice(row * taps, taps), second = coefficients.Slice((row + 1) * taps, taps);
                for (int c = 0; c < Channels; c++)
                {
                    ReadOnlySpan<float> window = _history[c].AsSpan(_window, taps);
                    float low = Dot(window, first), high = Dot(window, second);
                    output[produced * Channels + c] = low + part * (high - low);
                }
            }
            else
            {
                ReadOnlySpan<float> row = coefficients.Slice(_phase * taps, taps);
                for (int c = 0; c < Channels; c++)
                {
                    output[produced * Channels + c] = Dot(_history[c].AsSpan(_window, taps), row);
                }
            }

            produced++;
            _window += _wholeStep;
            _phase += _phaseStep;
            if (_phase >= _filter.Up)
            {
                _phase -= _filter.Up;
                _window++;
            }
        }

        _output += produced;
        return produced;
    }

    /// <summary>
    /// A sum of products whose chains in single precision stay short: a large step down has filters of more than a hundred
    /// thousand taps.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(ReadOnlySpan<float> window, ReadOnlySpan<float> taps)
    {
        if (taps.Length <= DotBlock)
        {
            return TensorPrimitives.Dot(window, taps);
        }

        double sum = 0;
        for (int i = 0; i < taps.Length; i += DotBlock)
        {
            int count = Math.Min(DotBlock, taps.Length - i);
            sum += TensorPrimitives.Dot(window.Slice(i, count), taps.Slice(i, count));
        }

        return (float)sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Append(ReadOnlySpan<float> input, int frames)
    {
        Compact();
        int take = Math.Min(frames, _history[0].Length - _filled);
        for (int c = 0; c < Channels; c++)
        {
            Span<float> target = _history[c].AsSpan(_filled, take);
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = input[i * Channels + c];
            }
        }

        _filled += take;
        _input += take;
        return take;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AppendSilence()
    {
        Compact();
        foreach (float[] channel in _history)
        {
            channel.AsSpan(_filled).Clear();
        }

        _filled = _history[0].Length;
    }

    /// <summary>Drops what no later output needs. A large step down may lie beyond what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compact()
    {
        int drop = Math.Min(_window, _filled);
        if (drop == 0)
        {
            return;
        }

        foreach (float[] channel in _history)
        {
            channel.AsSpan(drop, _filled - drop).CopyTo(channel);
        }

        _filled -= drop;
        _window -= drop;
    }
}
