namespace Stemsharp.Graph.Interpretation;

/// <summary>Computes one node after the other, by each operation's definition.</summary>
/// <param name="values">What has been computed and is still read; results are added.</param>
/// <param name="read">Gives a trained tensor.</param>
internal sealed class Evaluator(Dictionary<Value, double[]> values, Func<Parameter, double[]> read) : IOpVisitor
{
    public void Conv(Node node, ConvOp op) =>
        Set(node, Convolutions.Conv(X(node), In(node), read(op.Weight), op.Bias is null ? null : read(op.Bias), op, node.Output.Shape));

    public void ConvTranspose(Node node, ConvTransposeOp op) =>
        Set(node, Convolutions.ConvTranspose(X(node), In(node), read(op.Weight), read(op.Bias), op, node.Output.Shape));

    public void Linear(Node node, LinearOp op) => Set(node, Interpretation.Attention.Linear(X(node), In(node), read(op.Weight), op.Bias is null ? null : read(op.Bias), op));

    public void Attention(Node node, AttentionOp op) =>
        Set(node, Interpretation.Attention.Run(X(node), X(node, 1), X(node, 2), In(node), node.Inputs[1].Shape, op));

    public void Lstm(Node node, LstmOp op) => Set(node, Recurrence.Lstm(X(node), In(node), op, read));

    public void GroupNorm(Node node, GroupNormOp op) => Set(node, Norms.Group(X(node), In(node), read(op.Weight), read(op.Bias), op));

    public void LayerNorm(Node node, LayerNormOp op) => Set(node, Norms.Layer(X(node), In(node), read(op.Weight), read(op.Bias), op));

    public void Standardize(Node node, StandardizeOp op) => Set(node, Norms.Standardize(X(node), In(node), op));

    public void Restore(Node node, RestoreOp op)
    {
        double mean = X(node, 1)[0], std = X(node, 2)[0];
        Set(node, Array.ConvertAll(X(node), v => v * std + mean));
    }

    public void Gelu(Node node, GeluOp op) => Set(node, Elementwise.Gelu(X(node)));

    public void Relu(Node node, ReluOp op) => Set(node, Array.ConvertAll(X(node), v => Math.Max(v, 0)));

    public void Glu(Node node, GluOp op) => Set(node, Elementwise.Glu(X(node)));

    public void Add(Node node, AddOp op) => Set(node, Elementwise.Add(X(node), X(node, 1)));

    public void ChannelScale(Node node, ChannelScaleOp op) => Set(node, Elementwise.ChannelScale(X(node), In(node), read(op.Scale)));

    public void FrequencyEmbedding(Node node, FrequencyEmbeddingOp op) =>
        Set(node, Elementwise.FrequencyEmbedding(X(node), In(node), read(op.Weight), op.Factor));

    public void AddTable(Node node, AddTableOp op) => Set(node, Elementwise.AddTable(X(node), In(node), op.Table));

    public void Pad(Node node, PadOp op) => Set(node, Elementwise.Pad(X(node), In(node), op));

    public void Crop(Node node, CropOp op) => Set(node, Elementwise.Crop(X(node), In(node), op));

    public void RmsNorm(Node node, RmsNormOp op) => Set(node, Norms.RootMeanSquare(X(node), In(node), read(op.Gamma)));

    public void Rotary(Node node, RotaryOp op) => Set(node, Interpretation.Attention.Rotate(X(node), In(node), read(op.Frequencies), op));

    public void HeadGate(Node node, HeadGateOp op) => Set(node, Interpretation.Attention.Gate(X(node), In(node), X(node, 1), op));

    public void Tanh(Node node, TanhOp op) => Set(node, Array.ConvertAll(X(node), Math.Tanh));

    public void Band(Node node, BandOp op) => Set(node, Bands.Take(X(node), In(node), op));

    public void Stack(Node node, StackOp op) => Set(node, Bands.Stack([.. node.Inputs.Select(v => values[v])], In(node)));

    public void Row(Node node, RowOp op) => Set(node, Bands.Row(X(node), In(node), op));

    public void JoinBands(Node node, JoinBandsOp op) => Set(node, Bands.Join([.. node.Inputs.Select(v => values[v])], op, node.Output.Shape));

    public void ComplexMask(Node node, ComplexMaskOp op) => Set(node, Bands.Mask(X(node), X(node, 1), node.Inputs[1].Shape, op));

    public void Upsample(Node node, UpsampleOp op) => Set(node, Convolutions.Upsample(X(node), In(node), read(op.Weight), op));

    public void DepthwiseConv(Node node, DepthwiseConvOp op) => Set(node, Convolutions.Depthwise(X(node), In(node), read(op.Weight), read(op.Bias), op));

    public void LastAxisLinear(Node node, LastAxisLinearOp op) => Set(node, Grids.LastAxisLinear(X(node), In(node), read(op.Weight), op.Weight.Shape[0]));

    public void BatchNorm(Node node, BatchNormOp op) => Set(node, Norms.Batch(X(node), In(node), read(op.Weight), read(op.Bias), read(op.Mean), read(op.Variance), op));

    public void Elu(Node node, EluOp op) => Set(node, Array.ConvertAll(X(node), v => v > 0 ? v : op.Alpha * double.ExpM1(v)));

    public void Silu(Node node, SiluOp op) => Set(node, Array.ConvertAll(X(node), v => v / (1 + Math.Exp(-v))));

    public void Mul(Node node, MulOp op)
    {
        double[] x = X(node), y = X(node, 1);
        Set(node, [.. x.Zip(y, (a, b) => a * b)]);
    }

    public void Reshape(Node node, ReshapeOp op) => Set(node, X(node));

    public void Swap(Node node, SwapOp op) => Set(node, Grids.Swap(X(node), In(node)));

    public void Concat(Node node, ConcatOp op) => Set(node, Grids.Concat([.. node.Inputs.Select(v => (values[v], v.Shape))], op.Axis, node.Output.Shape));

    public void PadRows(Node node, PadRowsOp op) => Set(node, Grids.PadRows(X(node), In(node), op));

    public void RealFourier(Node node, RealFourierOp op) => Set(node, Grids.RealFourier(X(node), In(node), op));

    public void InverseRealFourier(Node node, InverseRealFourierOp op) => Set(node, Grids.InverseRealFourier(X(node), node.Output.Shape, op));

    public void Frames(Node node, FramesOp op) => Set(node, Sequences.Frames(X(node), In(node), op));

    public void JoinFrames(Node node, JoinFramesOp op) => Set(node, Sequences.Join(X(node), In(node).Last, op, node.Output.Shape));

    public void LocalAttention(Node node, LocalAttentionOp op) => Set(node, Sequences.LocalAttention(X(node), X(node, 1), X(node, 2), X(node, 3), In(node), op));

    public void Resample(Node node, ResampleOp op) => Set(node, Sequences.Resample(X(node), In(node), op, node.Output.Shape));

    public void SingleRow(Node node, SingleRowOp op) => Set(node, X(node));

    public void JoinRows(Node node, JoinRowsOp op) => Set(node, Sequences.JoinRows(
        [.. node.Inputs.Select(v => values[v])], [.. node.Inputs.Select(v => v.Shape)], [.. op.Biases.Select(read)], op, node.Output.Shape));

    public void Amplitude(Node node, AmplitudeOp op) => Set(node, Sequences.Amplitude(X(node), In(node)));

    public void Phase(Node node, PhaseOp op) => Set(node, Sequences.Phase(X(node), X(node, 1), node.Inputs[1].Shape, op));

    private static Shape In(Node node) => node.Inputs[0].Shape;

    private double[] X(Node node, int input = 0) => values[node.Inputs[input]];

    private void Set(Node node, params ReadOnlySpan<double[]> outputs)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            values[node.Outputs[i]] = outputs[i];
        }
    }
}
