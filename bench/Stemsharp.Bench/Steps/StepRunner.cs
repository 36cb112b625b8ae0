using System.Runtime.CompilerServices;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Kernels;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench.Steps;

/// <summary>
/// The steps of one network's plan, run a few tasks at a time on one thread. <see cref="StepComparison"/> loads this class
/// once beside each build of the library, so nothing but plain values passes through its methods.
/// </summary>
internal static unsafe class StepRunner
{
    // Kernels may read so much beyond a tensor.
    private const int Slack = 64;

    private static Plan s_plan = null!;
    private static NativeBuffer<float> s_arena = null!, s_scratch = null!;
    private static NativeBuffer<double> s_slots = null!;

    /// <summary>Loads a synthetic network and fills its arena with noise; returns the number of steps.</summary>
    public static int Open(string model)
    {
        s_plan = EarlierBuild.IsLoaded ? EarlierBuild.Compile(model) : CurrentBuild.Compile(model);
        long floats = s_plan.ArenaFloats + 2 * Slack;
        s_arena = new NativeBuffer<float>(floats, hugePages: true);
        s_scratch = new NativeBuffer<float>(s_plan.ScratchFloats + Slack, hugePages: true);
        s_slots = new NativeBuffer<double>(Math.Max(1, s_plan.SlotDoubles), hugePages: true);
        Random random = new(1);
        float* arena = s_arena.Data;
        for (long i = 0; i < floats; i++)
        {
            arena[i] = random.NextSingle() - 0.5f;
        }

        return s_plan.Steps.Count;
    }

    public static string Name(int step) => $"{s_plan.Steps[step].Name}: {s_plan.Steps[step].Description}";

    public static double ExecutedFlops(int step) => s_plan.Steps[step].ExecutedFlops;

    public static int Phases(int step) => s_plan.Steps[step].Phases;

    public static int Tasks(int step, int phase) => s_plan.Steps[step].Tasks(phase, 1);

    /// <summary>Runs the tasks from <paramref name="first"/> up to, not including, <paramref name="end"/>.</summary>
    public static void Run(int step, int phase, int first, int end)
    {
        Workspace workspace = new() { Arena = s_arena.Data + Slack, Scratch = s_scratch.Data, Slots = s_slots.Data, Workers = 1 };
        for (int task = first; task < end; task++)
        {
            s_plan.Steps[step].Run(phase, task, workspace);
        }
    }

    /// <summary>The rate of multiply-adds alone, GFLOP/s.</summary>
    public static double FmaRate(double seconds) => FmaPeak.Measure(1, seconds).Mean;

    // Beside an earlier build, which lacks what it names, it is never compiled.
    private static class CurrentBuild
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public static Plan Compile(string model)
        {
            CheckpointNetwork network = FamilyTable.All.Open(model);
            Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
            using INetworkWeights weights = network.OpenWeights(graph);
            return PlanBuilder.Compile(graph, weights, SimdTier.Chosen, 1);
        }
    }
}
