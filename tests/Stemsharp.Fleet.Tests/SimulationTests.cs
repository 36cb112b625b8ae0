using Stemsharp.Fleet.Bench.Simulation;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>The protocol on a clock and a server that are made up: more workers, and more that goes wrong, than a machine can have. bench/fleet does it with a million jobs.</summary>
public sealed class SimulationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_job_is_lost_whatever_is_killed_lost_repeated_and_delayed(int seed)
    {
        NetworkFaults faults = new(Lost: 0.02, Repeated: 0.02, Delayed: 0.02);
        SimulationReport report = new SimulationRun { Rates = ServerRates.Slow, Faults = faults, Jobs = 3000, Workers = 50, KillsPerHour = 10, Poisoned = 0.005, Seed = seed }.Run();
        Assert.Equal((3000, 0, 0), (report.Records, report.Lost, report.Wrong));
        Assert.Equal(30 + report.Unlucky, report.DeadLetters);
        Assert.InRange(report.Unlucky, 0, 3);
        Assert.True(report.Deaths > 100);
    }

    [Fact]
    public void A_thousand_workers_are_kept_busy()
    {
        SimulationReport report = new SimulationRun { Rates = ServerRates.Slow, Jobs = 10_000, Workers = 1000 }.Run();
        Assert.Equal((10_000, 0, 0, 0), (report.Records, report.Lost, report.Wrong, report.DeadLetters));
        Assert.True(report.ElapsedSeconds / report.LeastSeconds < 1.05, report.ToText());
    }

    [Fact]
    public void A_server_that_hands_out_a_thousand_jobs_stalls_two_thousand_workers_and_one_that_follows_them_does_not()
    {
        SimulationRun stalled = new() { Rates = ServerRates.Slow, Jobs = 10_000, Workers = 2000, Allowed = 1000 }, follows = new() { Rates = ServerRates.Slow, Jobs = 10_000, Workers = 2000 };
        SimulationReport few = stalled.Run(), all = follows.Run();
        Assert.Equal((0, 1000), (few.Lost, few.MostRunning));
        Assert.Equal((0, 2000), (all.Lost, all.MostRunning));
        Assert.True(few.ElapsedSeconds > 1.5 * all.ElapsedSeconds, $"{few.ToText()} {all.ToText()}");
    }

    [Fact]
    public void An_object_store_that_is_too_slow_is_what_saturates()
    {
        SimulationReport report = new SimulationRun { Rates = ServerRates.Slow, Jobs = 200, Workers = 40, StoreBytes = 150e6 }.Run();
        Assert.Equal(0, report.Lost);
        Assert.True(report.StoreLoad > 0.9 && report.QueueLoad < 0.1 && report.WorkerLoad < 0.5, report.ToText());
    }
}
