using System.Reflection;
using System.Runtime.CompilerServices;
using Stemsharp.Cpu;
using Stemsharp.Simd;

namespace Stemsharp.Bench.Steps;

/// <summary>
/// A plan from a build that knew one architecture only, where the network's recording had other names. What <see cref="StepRunner"/>
/// does with a plan is the same in both.
/// </summary>
internal static class EarlierBuild
{
    private static readonly Assembly s_library = typeof(SimdTier).Assembly;

    /// <summary>Whether the library beside this class is such a build.</summary>
    public static bool IsLoaded => s_library.GetType("Stemsharp.Model.FamilyTable") is null;

    /// <summary>Compiles a synthetic network for one thread.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Plan Compile(string model)
    {
        using IDisposable checkpoint = (IDisposable)Call("Checkpoints.SyntheticCheckpoint", "Open", model);
        object config = Call("Model.HTDemucsConfigReader", "Read", checkpoint);
        object graph = Call("Model.HTDemucs", "Build", config, config.GetType().GetProperty("SegmentSamples")!.GetValue(config)!);
        object weights = Activator.CreateInstance(Find("Model.CheckpointWeights"), checkpoint, config, graph)!;
        return (Plan)Call("Cpu.PlanBuilder", "Compile", graph, weights, SimdTier.Chosen, 1);
    }

    private static object Call(string type, string method, params object[] arguments) => Find(type)
        .GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Single(m => m.Name == method && m.GetParameters().Length == arguments.Length)
        .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;

    private static Type Find(string name) => s_library.GetType($"Stemsharp.{name}", throwOnError: true)!;
}
