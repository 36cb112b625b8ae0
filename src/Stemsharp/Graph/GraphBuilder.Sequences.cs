namespace Stemsharp.Graph;

/// <content>Sequences in frames and local attention, waveforms at another rate, spectrograms by rows and by amplitude and phase.</content>
internal sealed partial class GraphBuilder
{
    /// <summary>Frames of [C, T] or of each row of [C, F, T], as many as <see cref="JoinFrames"/> takes something from.</summary>
    public Value Frames(string name, Value x, int length, int step)
    {
        int count = FrameCount(x.Shape.Last, length, step);
        return Function(name, new FramesOp(length, step, count), new Shape(x.Shape.Channels, x.Shape.Rows * count, length), x);
    }

    /// <summary>What <see cref="Frames"/> has made of a value of that shape as one again.</summary>
    public Value JoinFrames(string name, Value frames, Shape shape, int step)
    {
        int count = FrameCount(shape.Last, frames.Shape.Last, step);
        Require(frames.Shape.Rows == count * shape.Rows, $"{frames.Shape.Rows} frames are not those of {shape}");
        return Function(name, new JoinFramesOp(step, count), shape.WithChannels(frames.Shape.Channels), frames);
    }

    /// <summary>Local attention and what it is made of: queries, keys, contents and decays, and a projection that is added to x.</summary>
    public Value LocalAttention(Value x, int heads, int decays)
    {
        int channels = x.Shape.Channels;
        Require(channels % heads == 0, $"{channels} channels do not divide into {heads} heads");
        Value content = Pointwise("content", x, channels), query = Pointwise("query", x, channels), key = Pointwise("key", x, channels);
        Value decay = Pointwise("query_decay", x, heads * decays);
        Value mixed = Function("attention", new LocalAttentionOp(heads, decays), x.Shape, query, key, content, decay);
        return Add("residual", x, Pointwise("proj", mixed, channels));
    }

    /// <summary>A convolution of kernel 1 along T, of each row on its own.</summary>
    public Value Pointwise(string name, Value x, int channels) => Conv(name, x, channels, [1], [1], [0], [1]);

    /// <summary>[C, T] through a filter with phases, cut to a length.</summary>
    public Value Resample(string name, Value x, Table taps, int stride, int before) =>
        Function(name, new ResampleOp(taps, stride, before), x.Shape.WithLast(x.Shape.Last / stride * taps.Shape[0]), x);

    /// <summary>[C, 1, T] as [C, T].</summary>
    public Value DropRow(string name, Value x)
    {
        Require(x.Shape.Rows == 1, $"there are {x.Shape.Rows} rows instead of one");
        return Function(name, new SingleRowOp(), new Shape(x.Shape.Channels, x.Shape.Last), x);
    }

    /// <summary>[C, T] as [C, 1, T].</summary>
    public Value AsRow(string name, Value x) => Function(name, new SingleRowOp(), new Shape(x.Shape.Channels, 1, x.Shape.Last), x);

    /// <summary>Values [C, F, T] under each other.</summary>
    public Value JoinRows(string name, ReadOnlySpan<Value> parts) => JoinRows(name, parts, 0, []);

    /// <summary>
    /// Results of transposed convolutions under each other, added where they overlap; the biases are those of all but the first, under
    /// whose names they are known already.
    /// </summary>
    public Value JoinRows(string name, ReadOnlySpan<Value> parts, int overlap, IReadOnlyList<string> biases)
    {
        int rows = overlap;
        foreach (Value part in parts)
        {
            Require(part.Shape.Rank == 3 && part.Shape.Channels == parts[0].Shape.Channels && part.Shape.Last == parts[0].Shape.Last, $"{part.Shape} and {parts[0].Shape} cannot be joined");
            Require(part.Shape.Rows >= 2 * overlap, $"{part.Shape.Rows} rows are too few to overlap by {overlap}");
            rows += part.Shape.Rows - overlap;
        }

        int channels = parts[0].Shape.Channels;
        Parameter[] known = [.. biases.Select(bias => Parameter(bias, [channels]))];
        return Function(name, new JoinRowsOp(overlap, known), new Shape(channels, rows, parts[0].Shape.Last), parts);
    }

    /// <summary>The amplitudes of a spectrogram [2·C, F, T].</summary>
    public Value Amplitude(string name, Value spectrogram) =>
        Function(name, new AmplitudeOp(), spectrogram.Shape.WithChannels(spectrogram.Shape.Channels / 2), spectrogram);

    /// <summary>Amplitudes with the phases of a spectrogram.</summary>
    public Value Phase(string name, Value amplitudes, Value spectrogram, double epsilon)
    {
        Require(
            2 * amplitudes.Shape.Channels % spectrogram.Shape.Channels == 0 && amplitudes.Shape.Equals(spectrogram.Shape.WithChannels(amplitudes.Shape.Channels)),
            $"amplitudes {amplitudes.Shape} do not fit a spectrogram {spectrogram.Shape}");
        return Function(name, new PhaseOp(epsilon), amplitudes.Shape.WithChannels(2 * amplitudes.Shape.Channels), amplitudes, spectrogram);
    }

    // Frames from which something is kept: the last one's middle begins before the end.
    private static int FrameCount(int steps, int length, int step) => Math.Max(1, (steps - (length - step) / 2 + step - 1) / step);
}
