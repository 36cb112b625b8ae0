using System.Runtime.InteropServices;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Recurrent layers.</content>
internal sealed partial class GpuPlanBuilder
{
    // The inputs of all steps in one product for both directions; then a kernel that goes through the steps. Sequences lie side by side.
    void IOpVisitor.Lstm(Node node, LstmOp op)
    {
        int units = op.Hidden, fours = units <= 128 ? 2 : 1;
        if (16 * units * fours > _traits.SharedMemory)
        {
            throw new VulkanException(EngineFailure.Refused, $"An LSTM of {units} units does not fit into the GPU's {_traits.SharedMemory / 1024} KB of shared memory ({node.Name}); take another engine.");
        }

        if (op.Axis == SequenceAxis.All && node.Inputs[0].Shape.Rows > 1)
        {
            throw Refusal($"an LSTM over the positions of rows and columns at once ({node.Name})");
        }

        GpuTensor input = In(node.Inputs[0], op.Axis == SequenceAxis.Rows ? RowLayout.Aligned : RowLayout.Turned);
        int steps = input.Shape.Rows, sequences = input.Shape.Last, terms = input.Channels;
        LstmWeights[] directions = [op.Forward, op.Backward];
        float[] bias = [.. directions.SelectMany(d => Read(d.InputBias).Zip(Read(d.HiddenBias), (a, b) => a + b))];
        Product product = new(node.Name, "linear → gates", 8 * units, terms, bias, reader => (float[])[.. reader.Copy(op.Forward.Input), .. reader.Copy(op.Backward.Input)])
        {
            Input = input,
            Columns = (1, input.Positions),
        };
        GpuTensor gates = New($"{node.Name}.gates", input.Shape.WithChannels(8 * units), layout: input.Layout);
        Emit(Step(product, new Tail(), gates, null, gates.Shape));

        GpuTensor output = Write(node.Output, like: input);
        int size = IsMixed ? 2 : 4;
        long bytes = 8L * units * units * size;
        int matrix = checked((int)(_weights.Add($"{node.Name} states", bytes, (reader, destination) =>
        {
            for (int d = 0; d < directions.Length; d++)
            {
                Span<float> rows = reader.Read(directions[d].Hidden);
                for (int from = 0; from < units; from++)
                {
                    for (int to = 0; to < units; to++)
                    {
                        for (int gate = 0; gate < 4; gate++)
                        {
                            int at = ((d * units + from) * units + to) * 4 + gate;
                            float value = rows[(gate * units + to) * units + from];
                            if (size == 2)
                            {
                                MemoryMarshal.Cast<byte, Half>(destination)[at] = (Half)value;
                            }
                            else
                            {
                                MemoryMarshal.Cast<byte, float>(destination)[at] = value;
                            }
                        }
                    }
                }
            }
        }) / size));
        PushValue[] push = [gates, output, matrix, steps, sequences, gates.Pitch, output.Pitch];
        string text = $"lstm, {(op.Axis == SequenceAxis.Rows ? node.Output.Shape.Last : node.Output.Shape.Rows)} sequences of {steps} {Described(output.Shape, output)}";
        Emit(
            new GpuStep(node.Name, text, new KernelKey(Shader("lstm"), [Types(null, null, output), units, fours], 256), push, sequences / (4 * fours), directions.Length)
            {
                Reads = [gates],
                Writes = [output],
                WeightBytes = bytes,
            },
            node);
    }
}
