using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>
/// Recurrent layers, sequences in frames, local attention and filters with phases. Local attention and filters are in single precision
/// in every package: distances go into the thousands, filters are the network's ends. So are recurrent layers for iOS 16, which has no others.
/// </content>
internal sealed partial class MilLowering
{
    /// <summary>Gates come in the order input, forget, output, cell; both biases are one, and all parameters are of the values' type.</summary>
    public void Lstm(Node node, LstmOp op)
    {
        MilType type = _options.Target >= CoreMLTarget.IOS17 ? _options.Policy.For(node) : MilType.Float32;
        string name = MilBuilder.Identifier(node.Name);

        // Sequences are [steps, others, C]: what a frame's or a row's positions are to others.
        SequenceAxis others = op.Axis == SequenceAxis.Rows ? SequenceAxis.Last : SequenceAxis.Rows;
        MilValue x = Sequences(node.Inputs[0], others, type);
        int[] state = [x.Shape[1], 2 * op.Hidden];
        MilValue zeros = _mil.Floats($"zeros_{state[0]}_{state[1]}", type, state, new float[state[0] * state[1]]);
        MilValue y = _mil.Lstm(name, x, op.Hidden,
        [
            ("x", x), ("initial_h", zeros), ("initial_c", zeros), .. Parameters(op.Forward, ""), .. Parameters(op.Backward, "_back"),
            ("direction", _mil.Text("bidirectional")), ("output_sequence", _mil.Bool(true)),
            ("recurrent_activation", _mil.Text("sigmoid")), ("cell_activation", _mil.Text("tanh")), ("activation", _mil.Text("tanh")),
        ]);
        SetSequences(node.Output, others, y);

        (string, MilValue)[] Parameters(LstmWeights weights, string suffix)
        {
            float[] first = Gates(weights.InputBias, 1), second = Gates(weights.HiddenBias, 1);
            return
            [
                ($"weight_ih{suffix}", Stored(weights.Input, $"weight_ih{suffix}")), ($"weight_hh{suffix}", Stored(weights.Hidden, $"weight_hh{suffix}")),
                ($"bias{suffix}", _mil.Floats($"{name}_bias{suffix}", type, [first.Length], [.. first.Zip(second, (a, b) => a + b)])),
            ];
        }

        MilValue Stored(Parameter parameter, string part) =>
            _weights.Constant($"{name}_{part}", [.. parameter.Shape.Dims], Gates(parameter, parameter.Shape[1]), type);

        float[] Gates(Parameter parameter, int columns)
        {
            float[] all = _weights.Read(parameter);
            int gate = op.Hidden * columns;
            return [.. all.AsSpan(0, 2 * gate), .. all.AsSpan(3 * gate, gate), .. all.AsSpan(2 * gate, gate)];
        }
    }

    public void Frames(Node node, FramesOp op)
    {
        MilValue x = Get(node.Inputs[0], Layout.Channels);
        int given = node.Inputs[0].Shape.Last, needed = (op.Count - 1) * op.Step + op.Length;
        x = _mil.Pad($"{node.Name}_filled", x, x.Rank - 1, 0, Math.Max(0, needed - given));
        x = _mil.Slice($"{node.Name}_framed", x, x.Rank - 1, 0, needed);
        MilValue frames = _mil.Add("sliding_windows", $"{node.Name}_frames", x.Type, [.. x.Shape[..^1], op.Count, op.Length],
            ("x", x), ("axis", _mil.Int(x.Rank - 1)), ("size", _mil.Int(op.Length)), ("stride", _mil.Int(op.Step)));
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, frames, [1, .. node.Output.Shape.Dims]));
    }

    public void JoinFrames(Node node, JoinFramesOp op)
    {
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int length = node.Inputs[0].Shape.Last, margin = (length - op.Step) / 2, lines = shape.Channels * shape.Rows;
        MilValue x = _mil.Reshape($"{name}_frames", Get(node.Inputs[0], Layout.Channels), lines, op.Count, length);
        MilValue middles = _mil.Reshape($"{name}_middle", _mil.Slice($"{name}_middles", x, 2, margin, op.Step), lines, op.Count * op.Step);
        List<MilValue> parts = [];
        Part("start", 0, 0, margin);
        parts.Add(middles);
        Part("end", op.Count - 1, margin + op.Step, length - margin - op.Step);
        MilValue joined = parts.Count == 1 ? middles : _mil.Concat($"{name}_joined", 1, parts);
        Set(node.Output, Layout.Channels, _mil.Reshape(name, _mil.Slice($"{name}_whole", joined, 1, 0, shape.Last), [1, .. shape.Dims]));

        void Part(string part, int frame, int from, int count)
        {
            if (count > 0)
            {
                parts.Add(_mil.Reshape($"{name}_{part}", _mil.Slice($"{name}_{part}_steps", _mil.Slice($"{name}_{part}_frame", x, 1, frame, 1), 2, from, count), lines, count));
            }
        }
    }

    /// <summary>Queries are taken in as many blocks as keep the scores of one block within the limit.</summary>
    public void LocalAttention(Node node, LocalAttentionOp op)
    {
        const MilType type = MilType.Float32;
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int steps = shape.Last, rows = shape.Rows, width = shape.Channels / op.Heads;
        MilValue query = Heads("query", 0, width), key = Heads("key", 1, width), content = Heads("content", 2, width), decay = Heads("decay", 3, op.Decays);
        float[] shares = [.. Enumerable.Range(1, op.Decays).Select(f => (float)(f / 2.0 / Math.Sqrt(op.Decays)))];
        MilValue open = _mil.Add("sigmoid", $"{name}_sigmoid", type, decay.Shape.AsSpan(), ("x", decay));
        MilValue slopes = Reduce("reduce_sum", $"{name}_slopes", _mil.Binary("mul", $"{name}_decays", open, _mil.Floats($"{name}_shares", type, [op.Decays, 1], shares)), [[2]]);
        slopes = _mil.Transpose($"{name}_slopes_by_step", slopes, 0, 1, 3, 2);
        MilValue queries = _mil.Binary("mul", $"{name}_queries", _mil.Transpose($"{name}_by_step", query, 0, 1, 3, 2), _mil.Scalar(type, QueryScale(width)));
        MilValue contents = _mil.Transpose($"{name}_contents", content, 0, 1, 3, 2);
        float[] positions = [.. Enumerable.Range(0, steps).Select(t => (float)t)];

        int blocks = Blocks((long)sizeof(float) * rows * op.Heads * steps * steps, steps);
        MilValue[] parts = [.. Enumerable.Range(0, blocks).Select(b => Block(blocks == 1 ? name : $"{name}_block_{b}", steps * b / blocks, steps * (b + 1) / blocks))];
        MilValue mixed = blocks == 1 ? parts[0] : _mil.Concat($"{name}_blocks", 2, parts);
        mixed = _mil.Transpose($"{name}_channels", mixed, 0, 1, 3, 2);
        if (rows > 1)
        {
            mixed = _mil.Transpose($"{name}_by_channel", _mil.Reshape($"{name}_rows", mixed, 1, rows, shape.Channels, steps), 0, 2, 1, 3);
        }

        Set(node.Output, Layout.Channels, _mil.Reshape($"{name}_result", mixed, [1, .. shape.Dims]));

        // [F, heads, parts, T]
        MilValue Heads(string part, int input, int count)
        {
            MilValue x = Get(node.Inputs[input], Layout.Channels, type);
            if (rows > 1)
            {
                x = _mil.Transpose($"{name}_{part}_rows", x, 0, 2, 1, 3);
            }

            return _mil.Reshape($"{name}_{part}", x, rows, op.Heads, count, steps);
        }

        MilValue Block(string part, int first, int end)
        {
            int count = end - first;
            MilValue difference = _mil.Binary(
                "sub", $"{part}_difference", _mil.Floats($"{part}_own_steps", type, [count, 1], positions.AsSpan(first, count)), _mil.Floats($"{name}_all_steps", type, [1, steps], positions));
            MilValue distance = _mil.Add("abs", $"{part}_distance", type, difference.Shape.AsSpan(), ("x", difference));
            MilValue own = _mil.Add("relu", $"{part}_own", type, distance.Shape.AsSpan(), ("x", _mil.Binary("sub", $"{part}_near", _mil.Scalar(type, 1), distance)));
            MilValue others = _mil.Binary("sub", $"{part}_others", _mil.Scalar(type, 1), own);
            MilValue scores = Product($"{part}_scores", _mil.Slice($"{part}_queries", queries, 2, first, count), key, transposed: false);
            MilValue penalty = _mil.Binary("mul", $"{part}_penalty", _mil.Slice($"{part}_slopes", slopes, 2, first, count), distance);
            MilValue masked = _mil.Binary("mul", $"{part}_masked", _mil.Binary("sub", $"{part}_penalised", scores, penalty), others);
            MilValue judged = _mil.Binary("add", $"{part}_judged", masked, _mil.Binary("mul", $"{part}_self", own, _mil.Scalar(type, LocalAttentionOp.Self)));
            MilValue weights = _mil.Add("softmax", $"{part}_softmax", type, judged.Shape.AsSpan(), ("x", judged), ("axis", _mil.Int(-1)));
            return Product($"{part}_mixed", weights, contents, transposed: false);
        }
    }

    public void Resample(Node node, ResampleOp op)
    {
        const MilType type = MilType.Float32;
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int taps = op.Taps.Shape[1], steps = shape.Last / op.Phases, given = node.Inputs[0].Shape.Last;
        MilValue x = _mil.Pad($"{name}_edges", Get(node.Inputs[0], Layout.Channels, type), 2, op.Before, Math.Max(0, (steps - 1) * op.Stride + taps - op.Before - given), edges: true);
        x = _mil.Reshape($"{name}_signals", x, shape.Channels, 1, x.Shape[2]);
        x = _mil.Slice($"{name}_heard", x, 2, 0, (steps - 1) * op.Stride + taps);
        MilValue phases = _mil.Add("conv", $"{name}_phases", type, [shape.Channels, op.Phases, steps],
            ("x", x), ("weight", _mil.Floats($"{name}_taps", type, [op.Phases, 1, taps], [.. op.Taps.Data.Select(v => (float)v)])),
            ("strides", _mil.Ints(op.Stride)), ("pad_type", _mil.Text("valid")), ("pad", _mil.Ints(0, 0)), ("dilations", _mil.Ints(1)), ("groups", _mil.Int(1)));
        if (op.Phases > 1)
        {
            phases = _mil.Transpose($"{name}_woven", phases, 0, 2, 1);
        }

        Set(node.Output, Layout.Channels, _mil.Reshape(name, phases, [1, .. shape.Dims]));
    }

    // [sequences, length, C]: the rows along T, or the frames along F.
    private MilValue Sequences(Value value, SequenceAxis axis, MilType type)
    {
        if (_sequences.TryGetValue((value, axis), out MilValue? known))
        {
            return _mil.As(known, type);
        }

        Shape shape = value.Shape;
        MilValue x = Get(value, Layout.Grid);
        MilValue result = axis != SequenceAxis.Rows ? _mil.Reshape($"{value.Name}_by_row", x, shape.Rows, shape.Last, shape.Channels)
            : shape.Rows == 1 ? _mil.Reshape($"{value.Name}_by_frame", x, shape.Last, 1, shape.Channels)
            : _mil.Reshape($"{value.Name}_by_frame", _mil.Transpose($"{value.Name}_frames", x, 0, 2, 1, 3), shape.Last, shape.Rows, shape.Channels);
        _sequences.Add((value, axis), result);
        return _mil.As(result, type);
    }

    private void SetSequences(Value value, SequenceAxis axis, MilValue sequences)
    {
        Shape shape = value.Shape;
        if (axis != SequenceAxis.Rows || shape.Rows == 1)
        {
            Set(value, Layout.Tokens, _mil.Reshape($"{value.Name}_tokens", sequences, 1, shape.Positions, shape.Channels));
            return;
        }

        _sequences.Add((value, axis), sequences);
        MilValue frames = _mil.Reshape($"{value.Name}_frames", sequences, 1, shape.Last, shape.Rows, shape.Channels);
        Set(value, Layout.Grid, _mil.Transpose($"{value.Name}_grid", frames, 0, 2, 1, 3));
    }
}
