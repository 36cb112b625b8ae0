namespace Stemsharp.Graph;

/// <summary>
/// What reads a graph does with each operation: the interpreter, the plans of the engines, the writers. There is a method
/// for every operation and none has a body here, so that a new operation does not compile until all of them say what they
/// do with it. <see cref="Node.Accept"/> calls the one for the node's operation.
/// </summary>
internal interface IOpVisitor
{
    void Conv(Node node, ConvOp op);

    void ConvTranspose(Node node, ConvTransposeOp op);

    void Linear(Node node, LinearOp op);

    void Attention(Node node, AttentionOp op);

    void Lstm(Node node, LstmOp op);

    void GroupNorm(Node node, GroupNormOp op);

    void LayerNorm(Node node, LayerNormOp op);

    void Standardize(Node node, StandardizeOp op);

    void Restore(Node node, RestoreOp op);

    void Gelu(Node node, GeluOp op);

    void Relu(Node node, ReluOp op);

    void Glu(Node node, GluOp op);

    void Add(Node node, AddOp op);

    void ChannelScale(Node node, ChannelScaleOp op);

    void FrequencyEmbedding(Node node, FrequencyEmbeddingOp op);

    void AddTable(Node node, AddTableOp op);

    void Pad(Node node, PadOp op);

    void Crop(Node node, CropOp op);

    void RmsNorm(Node node, RmsNormOp op);

    void Rotary(Node node, RotaryOp op);

    void HeadGate(Node node, HeadGateOp op);

    void Tanh(Node node, TanhOp op);

    void Band(Node node, BandOp op);

    void Stack(Node node, StackOp op);

    void Row(Node node, RowOp op);

    void JoinBands(Node node, JoinBandsOp op);

    void ComplexMask(Node node, ComplexMaskOp op);

    void Upsample(Node node, UpsampleOp op);

    void DepthwiseConv(Node node, DepthwiseConvOp op);

    void LastAxisLinear(Node node, LastAxisLinearOp op);

    void BatchNorm(Node node, BatchNormOp op);

    void Elu(Node node, EluOp op);

    void Silu(Node node, SiluOp op);

    void Mul(Node node, MulOp op);

    void Reshape(Node node, ReshapeOp op);

    void Swap(Node node, SwapOp op);

    void Concat(Node node, ConcatOp op);

    void PadRows(Node node, PadRowsOp op);

    void RealFourier(Node node, RealFourierOp op);

    void InverseRealFourier(Node node, InverseRealFourierOp op);

    void Frames(Node node, FramesOp op);

    void JoinFrames(Node node, JoinFramesOp op);

    void LocalAttention(Node node, LocalAttentionOp op);

    void Resample(Node node, ResampleOp op);

    void SingleRow(Node node, SingleRowOp op);

    void JoinRows(Node node, JoinRowsOp op);

    void Amplitude(Node node, AmplitudeOp op);

    void Phase(Node node, PhaseOp op);
}
