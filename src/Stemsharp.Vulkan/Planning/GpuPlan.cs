using System.Globalization;
using System.Text;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// A network with the transforms around it, made ready for a kind of device: steps, every tensor's place in a piece's
/// arena, and how the weights are laid out. Immutable but for the tiles, which tuning may exchange.
/// </summary>
internal sealed class GpuPlan
{
    public GpuPlan(IReadOnlyList<GpuStep> steps, IReadOnlyList<GpuTensor> tensors, WeightStore weights, EnginePrecision precision, IReadOnlyList<GpuTensor> inputs, IReadOnlyList<GpuTensor> outputs, int inverseFrom)
    {
        Steps = steps;
        Tensors = tensors;
        Weights = weights;
        Precision = precision;
        Inputs = inputs;
        Outputs = outputs;
        InverseFrom = inverseFrom;
        WeightBytes = weights.Bytes;
        PieceFloats = ArenaPlanner.Place(tensors);
    }

    public IReadOnlyList<GpuStep> Steps { get; }

    public IReadOnlyList<GpuTensor> Tensors { get; }

    public WeightStore Weights { get; }

    /// <summary>Weights on the device with this plan: its own, and those of plans before that share the store.</summary>
    public long WeightBytes { get; }

    public EnginePrecision Precision { get; }

    /// <summary>What is copied in: the piece, [A, L]; or a bare graph's inputs.</summary>
    public IReadOnlyList<GpuTensor> Inputs { get; }

    /// <summary>What is copied out: stems, [S·A, L], wanted ones first; or a bare graph's outputs.</summary>
    public IReadOnlyList<GpuTensor> Outputs { get; }

    /// <summary>Floats of a piece that are copied in.</summary>
    public int InputFloats => Inputs.Sum(t => t.Channels * t.Positions);

    /// <summary>Floats of a piece that are copied out at most.</summary>
    public int OutputFloats => Outputs.Sum(t => t.Channels * t.Positions);

    /// <summary>The first of the steps that work on the wanted stems alone: their y dimension counts planes.</summary>
    public int InverseFrom { get; }

    /// <summary>A piece's arena, in floats.</summary>
    public int PieceFloats { get; }

    /// <summary>The model's own floating-point operations of a piece.</summary>
    public long Flops => Steps.Sum(s => s.Flops);

    /// <summary>Device memory for so many pieces at a time, weights included.</summary>
    public long DeviceBytes(int pieces) => WeightBytes + 4L * (ArenaPlanner.Reserved + (long)pieces * PieceFloats);

    public IEnumerable<KernelKey> Kernels => Steps.Select(s => s.Kernel).Distinct();

    /// <summary>The steps, then the arena's tensors with their lifetimes and offsets.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Steps.Count} steps, {Kernels.Count()} pipelines");
        for (int i = 0; i < Steps.Count; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{i,4} {Steps[i].Name}: {Steps[i].Text}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"weights {WeightBytes / 1e6:F1} MB");
        text.AppendLine(CultureInfo.InvariantCulture, $"arena {PieceFloats * 4.0 / 1e6:F1} MB a piece");
        foreach (GpuTensor t in Tensors.Where(t => t.Root.Last >= 0).OrderBy(t => t.Root.First).ThenBy(t => t.Offset))
        {
            string place = t.Root == t ? $"{t.Offset * 4.0 / 1e6,8:F2} MB" : $"in {t.Root.Name}";
            text.AppendLine(CultureInfo.InvariantCulture, $"{t.Root.First,4}–{t.Root.Last,-4} {place} {t.Name} {t.Shape}{(t.IsHalf ? " half" : "")}");
        }

        return text.ToString();
    }
}
