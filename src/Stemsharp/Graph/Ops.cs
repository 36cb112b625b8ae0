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

/// <summary>Channel-wise linear map at every position: torch.nn.Linear over the channel axis.
/// Uses rows FirstRow … FirstRow + Rows − 1 of weight [·, Cin] and bias [·] (attention's packed projections).</summary>
internal sealed record LinearOp(Parameter Weight, Parameter Bias, int FirstRow, int Rows) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        2L * Rows * inputs[0].Shape.Elements;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Linear(node, this);
}

/// <summary>
/// softmax(qᵀk / sqrt(d))·v per head, all positions of q against all positions of k and v; inputs q, k, v
/// with heads in consecutive channels (torch.nn.MultiheadAttention between its projections).
/// </summary>
internal sealed record AttentionOp(int Heads) : Op
{
    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) =>
        4L * inputs[0].Shape.Elements * inputs[1].Shape.Positions;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Attention(node, this);
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

/// <summary>torch.nn.LayerNorm over the channels at each position.</summary>
internal sealed record LayerNormOp(Parameter Weight, Parameter Bias, double Epsilon) : Op
{
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.LayerNorm(node, this);
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

/// <summary>Appends zeros to the last axis up to <c>Length</c>.</summary>
internal sealed record PadOp(int Length) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Pad(node, this);
}

/// <summary>Keeps <c>Length</c> elements from <c>Start</c> of the first spatial axis.</summary>
internal sealed record CropOp(int Start, int Length) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Crop(node, this);
}

/// <summary>
/// (x − mean)/(ε + std) over all elements, std unbiased; outputs the result, mean [1] and std [1].
/// </summary>
internal sealed record StandardizeOp(double Epsilon) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Standardize(node, this);
}

/// <summary>x·std + mean; inputs x, mean [1], std [1].</summary>
internal sealed record RestoreOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Restore(node, this);
}
