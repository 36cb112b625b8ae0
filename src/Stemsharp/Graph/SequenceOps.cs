namespace Stemsharp.Graph;

/// <summary>
/// Overlapping frames of each row: [C, T] to [C, Count, Length] and [C, F, T] to [C, F·Count, Length], a row's frames one after the
/// other. Frame j holds the steps from j·Step on, zeros where the row has ended.
/// </summary>
internal sealed record FramesOp(int Length, int Step, int Count) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Frames(node, this);
}

/// <summary>
/// The opposite of <see cref="FramesOp"/>: of each frame its middle is kept, from (Length − Step) / 2 on; of the first frame also what is
/// before it, of the last one also what is behind. Inputs [C, F·Count, Length] to [C, T] or [C, F, T].
/// </summary>
internal sealed record JoinFramesOp(int Step, int Count) : Op
{
    /// <summary>The frame that a step of the result comes from.</summary>
    /// <param name="step">The step.</param>
    /// <param name="length">Steps of a frame.</param>
    public int FrameOf(int step, int length) => Math.Clamp((step - (length - Step) / 2) / Step, 0, Count - 1);

    public override void Accept(IOpVisitor visitor, Node node) => visitor.JoinFrames(node, this);
}

/// <summary>
/// Attention of each row along its steps with a penalty that grows with the distance (Défossez, "Hybrid Spectrogram and Waveform Source
/// Separation", 2021). Inputs queries q, keys k and contents of C channels, and decays d of Heads·Decays channels, all [·, T] or
/// [·, F, T]; heads are consecutive channels. For query s and key t: q_s·k_t / √(C / Heads) − |s − t| · Σ_f f·σ(d_f(s)) / 2 / √Decays with
/// f from 1 on, but <see cref="Self"/> where s = t; contents are averaged by the softmax over t.
/// </summary>
internal sealed record LocalAttentionOp(int Heads, int Decays) : Op
{
    /// <summary>What stands in the place of a step's score with itself.</summary>
    public const double Self = -100;

    public override long Flops(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs) => 4L * inputs[0].Shape.Elements * inputs[0].Shape.Last;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.LocalAttention(node, this);
}

/// <summary>
/// A filter with several phases along T of [C, T]: y[P·n + p] = Σ_k taps[p, k] · x[Stride·n + k − Before], where edge samples are repeated
/// outside of x. With two phases it doubles the rate, with a stride of two it halves it. Taps [P, K].
/// </summary>
internal sealed record ResampleOp(Table Taps, int Stride, int Before) : Op
{
    /// <summary>P.</summary>
    public int Phases => Taps.Shape[0];

    public override void Accept(IOpVisitor visitor, Node node) => visitor.Resample(node, this);
}

/// <summary>The only row of [C, 1, T] as [C, T], or the other way round.</summary>
internal sealed record SingleRowOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.SingleRow(node, this);
}

/// <summary>
/// Values [C, F, T] under each other, each one's first Overlap rows over the last ones of the value before it, where both are added and the
/// later one's bias [C], which is in both, is taken away. Without biases it is torch.cat along the rows.
/// </summary>
internal sealed record JoinRowsOp(int Overlap, IReadOnlyList<Parameter> Biases) : Op
{
    public override IEnumerable<Parameter> Parameters => Biases;

    public override void Accept(IOpVisitor visitor, Node node) => visitor.JoinRows(node, this);
}

/// <summary>The amplitudes of a spectrogram: channels being pairs of real and imaginary parts, [2·C, F, T] to [C, F, T].</summary>
internal sealed record AmplitudeOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Amplitude(node, this);
}

/// <summary>
/// Amplitudes with the phases of a spectrogram: inputs m [groups·C, F, T] and z [2·C, F, T] to m · z / (Epsilon + |z|), [groups·2·C, F, T],
/// channels being pairs of real and imaginary parts. With an epsilon of zero the phase of z = 0 is 1.
/// </summary>
internal sealed record PhaseOp(double Epsilon) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Phase(node, this);
}
