using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.MachineCode;
using Stemsharp.Model;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.MachineCode;

/// <summary>Threads with roomier stacks for signals.</summary>
public class OwnThreadTests
{
    private sealed class Holder
    {
        public int Number { get; init; }
    }

    [Fact]
    public void Work_is_done_on_the_thread_and_its_exceptions_reach_the_caller()
    {
        using OwnThread thread = new("own");
        int id = 0, other = 0;
        thread.Run(() => id = Environment.CurrentManagedThreadId);
        thread.Run(() => other = Environment.CurrentManagedThreadId);
        Assert.NotEqual(Environment.CurrentManagedThreadId, id);
        Assert.Equal(id, other);
        Assert.Equal("wrong", Assert.Throws<InvalidOperationException>(() => thread.Run(() => throw new InvalidOperationException("wrong"))).Message);
        thread.Run(() => other = 1);
        Assert.Equal(1, other);
    }

    [LinuxFact]
    public void A_null_reference_is_an_exception_on_the_roomier_stack_as_well()
    {
        for (int round = 0; round < 20; round++)
        {
            using OwnThread thread = new("own");
            thread.Run(() => Assert.Null(SignalStack.Enlarge())); // it is large already
            for (int i = 0; i < 5; i++)
            {
                Assert.Throws<NullReferenceException>(() => thread.Run(() => Read(null)));
            }
        }
    }

    [LinuxFact]
    public void The_runtimes_own_stack_comes_back()
    {
        int larger = 0, again = 0;
        Exception? caught = null;
        Thread thread = new(() =>
        {
            using (SignalStack? stack = SignalStack.Enlarge())
            {
                larger = stack is null ? 0 : 1;
                Assert.Null(SignalStack.Enlarge());
            }

            caught = Record.Exception(() => Read(null));
            using SignalStack? second = SignalStack.Enlarge();
            again = second is null ? 0 : 1;
        });
        thread.Start();
        thread.Join();
        Assert.Equal((1, 1), (larger, again));
        Assert.IsType<NullReferenceException>(caught);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_session_on_threads_of_its_own_gives_the_same_and_can_be_cancelled(int threads)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, 1);
        float[] one = Run(ownThreads: false), other = Run(ownThreads: true);
        Assert.Equal(one, other);

        unsafe float[] Run(bool ownThreads)
        {
            using CpuSession session = new(plan, network.Definition, threads, profile: false, ownThreads);
            foreach (NetworkPort port in network.Definition.Inputs)
            {
                long length = plan.Inputs.Single(p => p.Name == port.Name).Tensor.Positions;
                for (long i = 0; i < length; i++)
                {
                    session.Input(port.Role)[i] = MathF.Sin(i);
                }
            }

            using CancellationTokenSource cancelled = new();
            cancelled.Cancel();
            Assert.Throws<OperationCanceledException>(() => session.Run(cancelled.Token));
            session.Run(default);
            NetworkPort output = network.Definition.Outputs[0];
            return new ReadOnlySpan<float>(session.Output(output.Role), 1000).ToArray();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Nothing_of_such_a_session_runs_on_the_callers_thread(int threads)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan real = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, 1);
        Probe probe = new();
        using Plan plan = new([probe, probe], real.Tensors, real.Inputs, real.Outputs, real.Tier, null);
        using CpuSession session = new(plan, network.Definition, threads, profile: false, ownThreads: true);
        session.Rehearse();
        Assert.Equal(2, probe.Threads.Count);
        session.Run(default);
        Assert.Equal(2 + 2 * Probe.Count, probe.Threads.Count);
        Assert.All(probe.Threads, name => Assert.StartsWith("stemsharp worker", name, StringComparison.Ordinal));
    }

    private sealed class Probe() : Step("probe", "tells where it runs")
    {
        public const int Count = 4;

        public ConcurrentBag<string?> Threads { get; } = [];

        public override int Tasks(int phase, int workers) => Count;

        public override void Run(int phase, int task, in Workspace w) => Threads.Add(Thread.CurrentThread.Name);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Read(Holder? holder) => holder!.Number;
}
