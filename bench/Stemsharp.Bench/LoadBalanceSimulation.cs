using System.Diagnostics;
using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// How well would a segment's tasks fill more processors than there are? <c>balance [MODEL]</c>
/// One thread runs every task as it is cut for n threads and notes its time; then n imagined threads take these
/// tasks in their order, phase by phase. Unequal tasks, and what cutting finer costs, are in it; what threads do to
/// each other (shared caches, memory, clocks) is not. Two real threads say how far off it is.
/// </summary>
internal static unsafe class LoadBalanceSimulation
{
    private const int Runs = 3;

    public static void Print(string[] args)
    {
        string name = args.Length > 0 ? args[0] : "synthetic:htdemucs";
        CheckpointNetwork network = FamilyTable.All.Open(name);
        int samples = network.Definition.Cut.Samples;
        using CpuRuntime engine = new(network, new EngineSettings { Threads = 2, PiecesAtOnce = 1 }, SimdTier.Chosen);
        INetworkSession session = engine.Arrange(samples, 1)[0];
        Plan plan = engine.Plan!;
        double barrier = Barrier();
        Console.WriteLine($"{name} on {ProcessorName.Description}; a barrier of 2 threads takes {barrier * 1e6:F1} µs; {plan.Steps.Sum(s => s.Phases)} phases");

        double[][][] alone = Measure(plan, 1);
        double serial = alone.Sum(phases => phases.Sum(tasks => tasks.Sum()));
        Console.WriteLine($"one thread {serial:F3} s");
        Console.WriteLine("threads  seconds  speed-up  efficiency  with barriers  quick model | segments at once: best, speed-up, efficiency");
        foreach (int threads in (int[])[2, 4, 8, 16, 32, 64])
        {
            double[][][] cut = Measure(plan, threads);
            double seconds = cut.Sum(phases => phases.Sum(tasks => Makespan(tasks, threads))), barriers = seconds + plan.Steps.Sum(s => s.Phases) * barrier;
            (int groups, double speedUp) = (1, serial / barriers);
            for (int g = 2; g <= threads; g *= 2)
            {
                int own = threads / g;
                double[][][] part = own == 1 ? alone : Measure(plan, own);
                double gain = g * serial / (part.Sum(phases => phases.Sum(tasks => Makespan(tasks, own))) + (own == 1 ? 0 : plan.Steps.Sum(s => s.Phases) * barrier));
                if (gain > speedUp * 1.02)
                {
                    (groups, speedUp) = (g, gain);
                }
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{threads,7}  {seconds,7:F3}  {serial / seconds,8:F1}  {100 * serial / seconds / threads,8:F0} %  {100 * serial / barriers / threads,11:F0} %  {100 * LoadBalance.SpeedUp(plan, threads) / threads,9:F0} % | {groups,3}  {speedUp:F1}  {100 * speedUp / threads:F0} %; the rule takes {LoadBalance.Groups(plan, threads, long.MaxValue)}"));
        }

        double measured = Real(session, network.Definition, samples);
        Console.WriteLine($"2 real threads {measured:F3} s: speed-up {serial / measured:F2}");
    }

    // The median time of every task, by step and phase, as cut for so many workers and run by one.
    private static double[][][] Measure(Plan plan, int workers)
    {
        using NativeBuffer<byte> memory = new(Session.Bytes(plan, 1) + 4096, hugePages: true);
        Workspace workspace = new() { Arena = (float*)memory.Data + Tensor.Slack, Workers = workers };
        workspace.Slots = (double*)(workspace.Arena + (plan.ArenaFloats + Tensor.Slack + 15) / 16 * 16);
        workspace.Scratch = (float*)(((nint)(workspace.Slots + plan.SlotDoubles) + 127) / 64 * 64);
        double[][][][] all = new double[Runs + 1][][][];
        for (int run = 0; run <= Runs; run++)
        {
            Random random = new(1);
            foreach (PlanPort port in plan.Inputs)
            {
                float* input = workspace.At(port.Tensor);
                for (long i = 0; i < (long)port.Tensor.Channels * port.Tensor.Positions; i++)
                {
                    input[i] = random.NextSingle() - 0.5f;
                }
            }

            all[run] = [.. plan.Steps.Select(step => Enumerable.Range(0, step.Phases).Select(phase =>
            {
                double[] times = new double[step.Tasks(phase, workers)];
                for (int task = 0; task < times.Length; task++)
                {
                    long start = Stopwatch.GetTimestamp();
                    step.Run(phase, task, workspace);
                    times[task] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                }

                return times;
            }).ToArray())];
        }

        // The first run compiles; of the others each task's median.
        return [.. all[1].Select((phases, s) => phases.Select((tasks, p) => tasks.Select((_, t) =>
            Statistics.Median(Enumerable.Range(1, Runs).Select(run => all[run][s][p][t]))).ToArray()).ToArray())];
    }

    // When the last of so many threads is done, each taking the next task when it is free.
    private static double Makespan(double[] tasks, int threads)
    {
        PriorityQueue<int, double> free = new();
        for (int i = 0; i < threads; i++)
        {
            free.Enqueue(i, 0);
        }

        double last = 0;
        foreach (double task in tasks)
        {
            free.TryDequeue(out int thread, out double at);
            last = Math.Max(last, at + task);
            free.Enqueue(thread, at + task);
        }

        return last;
    }

    private static double Real(INetworkSession session, NetworkDefinition definition, int samples)
    {
        double[] seconds = new double[5];
        for (int run = -2; run < seconds.Length; run++)
        {
            NetworkNoise.Fill(session, definition, samples, new Random(1));
            long start = Stopwatch.GetTimestamp();
            session.Run(CancellationToken.None);
            if (run >= 0)
            {
                seconds[run] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        }

        Array.Sort(seconds);
        return seconds[seconds.Length / 2];
    }

    // A phase whose two items wait for each other, so that both threads take part.
    private static double Barrier()
    {
        const int Rounds = 20_000;
        using WorkerPool pool = new(2);
        long arrived = 0, wanted = 0;
        void Meet(int item)
        {
            Interlocked.Increment(ref arrived);
            while (Interlocked.Read(ref arrived) < wanted)
            {
                Thread.SpinWait(1);
            }
        }

        Action<int> meet = Meet;
        long start = 0;
        for (int i = -Rounds; i < Rounds; i++)
        {
            if (i == 0)
            {
                start = Stopwatch.GetTimestamp();
            }

            wanted += 2;
            pool.For(2, meet);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / Rounds;
    }
}
