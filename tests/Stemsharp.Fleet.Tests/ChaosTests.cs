using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>A real fleet on a real server, killed over and over. bench/fleet does the same with 300 jobs and 60 kills.</summary>
public sealed class ChaosTests
{
    [ToolFact("nats-server")]
    public async Task Every_job_ends_once_whatever_is_killed()
    {
        ChaosRun run = new() { Jobs = 16, Workers = 3, Kills = 10, Poisoned = 1, MaxDeaths = 3 };
        ChaosReport report = await run.RunAsync(CancellationToken.None);
        Assert.Empty(report.Faults);
        Assert.True(report.Kills >= run.Kills);
        Assert.Equal(16 * 6, report.Files);
    }
}
