using Stemsharp.Inference;

namespace Stemsharp.Vulkan.Bench;

/// <summary>Prints where the time went, step by step.</summary>
internal static class StepTable
{
    public static void Print(TextWriter output, VulkanEngine engine, int pieces, int most)
    {
        IReadOnlyList<EngineStep> steps = engine.Profile;
        double total = steps.Sum(s => s.Time.TotalSeconds);
        output.WriteLine($"{total * 1e3:F2} ms in {steps.Count} steps, {pieces} pieces");
        output.WriteLine($"{"ms",9} {"share",6} {"TFLOP/s",8} {"GB/s",7}  step");
        foreach ((EngineStep step, int i) in steps.Select((step, i) => (step, i)).OrderByDescending(p => p.step.Time).Take(most))
        {
            double seconds = step.Time.TotalSeconds;
            Planning.GpuStep planned = engine.Plan!.Steps[i];
            output.WriteLine($"{seconds * 1e3,9:F3} {seconds / total,6:P1} {step.Flops * (double)pieces / seconds / 1e12,8:F3} {step.Bytes * (double)pieces / seconds / 1e9,7:F1}  {step.Name}: {step.Description} {planned.Kernel} [{planned.X}×{planned.Y}]");
        }
    }
}
