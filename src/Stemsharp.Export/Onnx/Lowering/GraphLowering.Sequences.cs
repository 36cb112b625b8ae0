using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <content>Sequences in frames and local attention, waveforms at another rate, spectrograms by rows and by amplitude and phase.</content>
internal sealed partial class GraphLowering
{
    private readonly SequenceLowering _sequences = new(context, scoreLimit);
    private readonly SpectrumLowering _spectra = new(context);

    public void Frames(Node node, FramesOp op) => Set(node, Layout.ChannelsFirst, _sequences.Frames(node, op));

    public void JoinFrames(Node node, JoinFramesOp op) => Set(node, Layout.ChannelsFirst, _sequences.Join(node, op));

    public void LocalAttention(Node node, LocalAttentionOp op) => Set(node, Layout.ChannelsFirst, _sequences.LocalAttention(node, op));

    public void Resample(Node node, ResampleOp op) => Set(node, Layout.ChannelsFirst, _sequences.Resample(node, op));

    public void SingleRow(Node node, SingleRowOp op) =>
        Set(node, Layout.ChannelsFirst, _graph.Reshape(node.Name, First(node.Inputs[0], context.Pointwise), _values.Dims(node.Output.Shape, Layout.ChannelsFirst)));

    public void JoinRows(Node node, JoinRowsOp op) => Set(node, Layout.ChannelsFirst, _spectra.JoinRows(node, op));

    public void Amplitude(Node node, AmplitudeOp op) => Set(node, Layout.ChannelsFirst, _spectra.Amplitude(node));

    public void Phase(Node node, PhaseOp op) => Set(node, Layout.ChannelsFirst, _spectra.Phase(node, op));
}
