using System.Collections.Immutable;

namespace Stemsharp.Graph;

/// <summary>
/// What a node does, at the grain of a PyTorch module. Values are channels first and have no batch axis.
/// </summary>
internal abstract record Op
{
    public string Kind => GetType().Name[..^2];

    /// <summary>Trained tensors in the order of the record's fields.</summary>
    public virtual IEnumerable<Parameter> Parameters => [];

    public virtual long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) => 0;

    /// <summary>Calls the visitor's method for this operation; <paramref name="node"/> is the node that does it.</summary>
    public abstract void Accept(IOpVisitor visitor, Node node);
}

/// <summary>
/// torch.nn.Conv1d / Conv2d. The convolved axes are the last <c>Stride.Length</c> ones; with one stride on a
/// [C, F, T] value every frequency row is convolved on its own along T.
/// Weight [Cout, Cin, k…]; bias [Cout] or none.
/// </summary>
internal sealed record ConvOp(
    Parameter Weight, Parameter? Bias, ImmutableArray<int> Stride, ImmutableArray<int> Padding, ImmutableArray<int> Dilation) : Op
{
    public override IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        2 * outputs[0].Shape.Elements * (Weight.Shape.Elements / Weight.Shape[0]);

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Conv(node, this);
}

/// <summary>
/// torch.nn.ConvTranspose1d / ConvTranspose2d along the first spatial axis (F of [C, F, T], or T of [C, T]),
/// without padding, then cropped along that axis to <c>Length</c> elements from <c>Start</c>: where no norm
/// stands between the two, the uncropped result is never needed. Weight [Cin, Cout, k] or [Cin, Cout, k, 1].
/// </summary>
internal sealed record ConvTransposeOp(Parameter Weight, Parameter Bias, int Stride, int Start, int Length) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public int Kernel => Weight.Shape[2];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        2 * inputs[0].Shape.Positions * Weight.Shape.Elements;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.ConvTranspose(node, this);
}

/// <summary>
/// torch.nn.ConvTranspose2d whose stride is its kernel, so that nothing overlaps, without bias: each position becomes a field of
/// kernel size. Weight [Cin, Cout, kF, kT].
/// </summary>
internal sealed record UpsampleOp(Parameter Weight) : Op
{
    public int KernelF => Weight.Shape[2];

    public int KernelT => Weight.Shape[3];

    public override IEnumerable<Parameter> Parameters => [Weight];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) => 2 * inputs[0].Shape.Positions * Weight.Shape.Elements;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Upsample(node, this);
}

/// <summary>torch.nn.Conv1d with a kernel for each channel (groups = channels) along the last axis, stride 1, zeros around it so that the length stays. Weight [C, 1, k], k odd; bias [C].</summary>
internal sealed record DepthwiseConvOp(Parameter Weight, Parameter Bias) : Op
{
    public int Kernel => Weight.Shape[2];

    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) => 2 * outputs[0].Shape.Elements * Kernel;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.DepthwiseConv(node, this);
}

/// <summary>torch.nn.Linear over the last axis of [C, F, T], without bias. Weight [Tout, Tin].</summary>
internal sealed record LastAxisLinearOp(Parameter Weight) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) => 2 * outputs[0].Shape.Elements * Weight.Shape[1];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.LastAxisLinear(node, this);
}

/// <summary>Channel-wise linear map at every position: torch.nn.Linear over the channel axis.
/// Uses rows FirstRow … FirstRow + Rows − 1 of weight [·, Cin] and bias [·], or none (attention's packed projections).</summary>
internal sealed record LinearOp(Parameter Weight, Parameter? Bias, int FirstRow, int Rows) : Op
{
    public override IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        2L * Rows * inputs[0].Shape.Elements;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Linear(node, this);
}

/// <summary>Which positions of a value are a sequence; the others are its batch.</summary>
internal enum SequenceAxis
{
    /// <summary>All positions are one sequence, in row-major order.</summary>
    All,

    /// <summary>Along F of [C, F, T], for each t on its own.</summary>
    Rows,

    /// <summary>Along T of [C, F, T], for each row on its own.</summary>
    Last,
}

/// <summary>
/// softmax(qᵀk / sqrt(d))·v per head, all positions of a sequence of q against all of k and v; inputs q, k, v
/// with heads in consecutive channels (torch.nn.MultiheadAttention between its projections;
/// torch.nn.functional.scaled_dot_product_attention with the other axis as batch).
/// </summary>
internal sealed record AttentionOp(int Heads, SequenceAxis Axis = SequenceAxis.All) : Op
{
    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        4L * inputs[0].Shape.Elements * inputs[1].Shape.Length(Axis);

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Attention(node, this);
}

/// <summary>One direction of a layer of torch.nn.LSTM: weights [4·H, C] and [4·H, H], biases [4·H], gates in the order input, forget, cell, output.</summary>
internal sealed record LstmWeights(Parameter Input, Parameter Hidden, Parameter InputBias, Parameter HiddenBias)
{
    public IEnumerable<Parameter> All => [Input, Hidden, InputBias, HiddenBias];
}

/// <summary>
/// One bidirectional layer of torch.nn.LSTM along an axis, each sequence from a state of zeros: the other positions are the batch. Input
/// [C, …], output [2·H, …] at the same positions, the forward direction's channels first.
/// </summary>
internal sealed record LstmOp(LstmWeights Forward, LstmWeights Backward, SequenceAxis Axis) : Op
{
    public int Hidden => Forward.Hidden.Shape[1];

    public override IEnumerable<Parameter> Parameters => [.. Forward.All, .. Backward.All];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        4 * inputs[0].Shape.Positions * (Forward.Input.Shape.Elements + Forward.Hidden.Shape.Elements);

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Lstm(node, this);
}

/// <summary>
/// torch.nn.GroupNorm over (channels of the group, positions); with <c>PerRow</c> the statistics are taken
/// for each frequency row of a [C, F, T] value on its own.
/// </summary>
internal sealed record GroupNormOp(Parameter Weight, Parameter Bias, int Groups, bool PerRow, double Epsilon) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.GroupNorm(node, this);
}

/// <summary>torch.nn.BatchNorm2d as it is used after training: (x − mean)/√(variance + ε)·weight + bias, each [C].</summary>
internal sealed record BatchNormOp(Parameter Weight, Parameter Bias, Parameter Mean, Parameter Variance, double Epsilon) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias, Mean, Variance];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.BatchNorm(node, this);
}

/// <summary>torch.nn.LayerNorm over the channels at each position.</summary>
internal sealed record LayerNormOp(Parameter Weight, Parameter Bias, double Epsilon) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.LayerNorm(node, this);
}

/// <summary>
/// x / max(‖x‖₂, 1e-12) · √C · gamma over the channels at each position: torch.nn.functional.normalize, scaled (Zhang and Sennrich,
/// "Root Mean Square Layer Normalization", 2019, but that the norm has a least value instead of an epsilon). Gamma [C].
/// </summary>
internal sealed record RmsNormOp(Parameter Gamma) : Op
{
    /// <summary>What the norm is divided by at least.</summary>
    public const double LeastNorm = 1e-12;

    public override IEnumerable<Parameter> Parameters => [Gamma];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.RmsNorm(node, this);
}

/// <summary>
/// Rotary positions (Su et al., 2021, arXiv:2104.09864): in each of the heads, which are
/// consecutive channels, the channels 2i and 2i + 1 are turned by position · frequencies[i], positions counted from 0 along the axis.
/// Frequencies [channels of a head / 2].
/// </summary>
internal sealed record RotaryOp(Parameter Frequencies, int Heads, SequenceAxis Axis) : Op
{
    public override IEnumerable<Parameter> Parameters => [Frequencies];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Rotary(node, this);
}

/// <summary>Each head's consecutive channels times the sigmoid of its gate; inputs x [C, F, T] and gates [Heads, F, T].</summary>
internal sealed record HeadGateOp(int Heads) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.HeadGate(node, this);
}

/// <summary>torch.tanh.</summary>
internal sealed record TanhOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Tanh(node, this);
}

/// <summary>Some neighbouring rows as channels: [C, F, T] to [Length·C, T], channel (f − Start)·C + c.</summary>
internal sealed record BandOp(int Start, int Length) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Band(node, this);
}

/// <summary>torch.stack along a new row axis: inputs [C, T], one for each row, to [C, F, T].</summary>
internal sealed record StackOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Stack(node, this);
}

/// <summary>torch.select of one row: [C, F, T] to [C, T].</summary>
internal sealed record RowOp(int Row) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Row(node, this);
}

/// <summary>
/// The opposite of a <see cref="BandOp"/> for each band: inputs [Length·C, T], all bands of the first group of C channels, then those of
/// the next, to [groups·C, F, T]. Where bands overlap, the mean of those that hold the row. Every row is in one.
/// </summary>
internal sealed record JoinBandsOp(ImmutableArray<BandOp> Bands) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.JoinBands(node, this);
}

/// <summary>
/// Complex products, channels being pairs of real and imaginary parts: inputs mask [groups·C, F, T] and spectrogram [C, F, T], which
/// each group multiplies. With <c>ZeroFirst</c> row 0 of the result is zero.
/// </summary>
internal sealed record ComplexMaskOp(bool ZeroFirst) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.ComplexMask(node, this);
}

/// <summary>x·Φ(x), the exact erf form.</summary>
internal sealed record GeluOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Gelu(node, this);
}

/// <summary>max(x, 0).</summary>
internal sealed record ReluOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Relu(node, this);
}

/// <summary>x where it is positive, else alpha·(eˣ − 1).</summary>
internal sealed record EluOp(double Alpha) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Elu(node, this);
}

/// <summary>x·σ(x).</summary>
internal sealed record SiluOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Silu(node, this);
}

/// <summary>First half of the channels times the sigmoid of the second half.</summary>
internal sealed record GluOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Glu(node, this);
}

/// <summary>Sum of two values of one shape.</summary>
internal sealed record AddOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Add(node, this);
}

/// <summary>Product of two values of one shape, element by element.</summary>
internal sealed record MulOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Mul(node, this);
}

/// <summary>LayerScale: each channel times its factor [C].</summary>
internal sealed record ChannelScaleOp(Parameter Scale) : Op
{
    public override IEnumerable<Parameter> Parameters => [Scale];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.ChannelScale(node, this);
}

/// <summary>Adds factor·weight[f, c] at every time frame of channel c, row f. Weight [F, C].</summary>
internal sealed record FrequencyEmbeddingOp(Parameter Weight, double Factor) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.FrequencyEmbedding(node, this);
}

/// <summary>Adds a computed table, broadcast over its axes of size 1.</summary>
internal sealed record AddTableOp(Table Table) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.AddTable(node, this);
}

/// <summary>Puts <c>Before</c> zeros in front of the last axis and appends others up to <c>Length</c>.</summary>
internal sealed record PadOp(int Length, int Before = 0) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Pad(node, this);
}

/// <summary>Keeps <c>Length</c> elements from <c>Start</c> of the first spatial axis.</summary>
internal sealed record CropOp(int Start, int Length) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Crop(node, this);
}

/// <summary>
/// (x − mean)/(ε + std) over all elements, std unbiased; outputs the result, mean [1] and std [1]. With <c>OfMean</c> mean and std are
/// those of the channels' mean.
/// </summary>
internal sealed record StandardizeOp(double Epsilon, bool OfMean = false) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Standardize(node, this);
}

/// <summary>x·std + mean; inputs x, mean [1], std [1].</summary>
internal sealed record RestoreOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Restore(node, this);
}
