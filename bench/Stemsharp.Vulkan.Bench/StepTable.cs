using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan.Bench;

/// <summary>Prints where a batch's time went, step by step.</summary>
internal static class StepTable
{
    public static void Print(TextWriter output, VulkanEngine engine, int pieces, int most)
    {
        IReadOnlyList<GpuStep> steps = engine.Plan.Steps;
        double total = engine.StepSeconds.Sum();
        output.WriteLine($"{total * 1e3:F2} ms in {steps.Count} steps, {pieces} pieces");
        output.WriteLine($"{"ms",9} {"share",6} {"TFLOP/s",8} {"GB/s",7}  step");
        foreach ((GpuStep step, double seconds) in steps.Zip(engine.StepSeconds).OrderByDescending(p => p.Second).Take(most))
        {
            double bytes = (double)step.Bytes * pieces + step.WeightBytes;
            output.WriteLine($"{seconds * 1e3,9:F3} {seconds / total,6:P1} {step.Flops * (double)pieces / seconds / 1e12,8:F3} {bytes / seconds / 1e9,7:F1}  {step.Name}: {step.Text} {step.Kernel} [{step.X}×{step.Y}]");
        }
    }
}
