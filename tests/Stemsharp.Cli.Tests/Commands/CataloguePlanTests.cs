using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

public sealed class CataloguePlanTests
{
    // A song of 180 s has 31 pieces of 6 s with a second each, and a second by itself: 32 s on 2 threads.
    private static readonly Calibration s_measured = new()
    {
        StartSeconds = 5,
        WarmUp = [],
        TrackSeconds = 2,
        PieceSeconds = 1,
        OwnBytes = 900_000_000,
        ProgramBytes = 100_000_000,
        Stride = 6 * 44_100,
        Decodes = false,
        Encoders = (0, false),
        FileBytesPerSecond = 4 * 44_100 * 4,
    };

    [Fact]
    public void Core_hours_disk_and_cost_follow_from_a_song_of_mean_length()
    {
        CataloguePlan plan = Make(100_000, 5000, "c7i.2xlarge,cores=8,price=0.4");
        Assert.Equal(32, plan.SongSeconds);
        Assert.Equal(100_000 * 32 * 2 / 3600.0, plan.CoreHours, 6);
        Assert.Equal(0, plan.GpuHours);
        Assert.Equal(plan.CoreHours / 8, plan.MachineHours, 9);
        Assert.Equal(4, plan.TasksAtOnce);
        Assert.Equal(plan.MachineHours * 0.4, plan.Cost!.Value, 9);
        Assert.Equal(5000.0 * 3600 * 4 * 44_100 * 4, plan.DiskBytes);
        JsonElement json = JsonDocument.Parse(plan.ToJson()).RootElement, per = json.GetProperty("per_1000_songs");
        foreach (string name in new[] { "core_hours", "gpu_hours", "machine_hours", "disk_bytes", "cost" })
        {
            Assert.Equal(json.GetProperty(name).GetDouble() / 100, per.GetProperty(name).GetDouble(), 3);
        }

        string text = plan.ToText();
        Assert.Contains("100,000 songs of 3:00 min on average, 5,000 hours, with demo", text, StringComparison.Ordinal);
        Assert.Contains("c7i.2xlarge: 8 cores, 0.4 an hour", text, StringComparison.Ordinal);
        Assert.Matches(@"core-hours\s+1,778\s+17\.78", text);
        Assert.DoesNotContain("GPU", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_faster_machine_takes_less_and_a_GPU_is_counted_by_itself()
    {
        Assert.Equal(Make(1000, 50, "cores=8").CoreHours, 2 * Make(1000, 50, "cores=8,speed=2").CoreHours, 9);
        Assert.Null(Make(1000, 50, "cores=8").Cost);
        Calibration gpu = s_measured with { DeviceBytes = 2_000_000_000 };
        CataloguePlan plan = CataloguePlan.Make("demo", 44_100, 1000, 50, MachineType.Parse("g6,cores=16,gpus=4,price=5", 2), 2, gpu);
        Assert.Equal(1000 * 32 / 3600.0, plan.GpuHours, 9);
        Assert.Equal(plan.GpuHours / 4, plan.MachineHours, 9);
        Assert.Equal(plan.MachineHours * 16, plan.CoreHours, 9);
        Assert.Contains("GPU-hours", plan.ToText(), StringComparison.Ordinal);
        Assert.Contains("gpus=1", Assert.Throws<OptionException>(() => CataloguePlan.Make("demo", 44_100, 1000, 50, MachineType.Parse(null, 2), 2, gpu)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cores=0")]
    [InlineData("cores=2.5")]
    [InlineData("price=-1")]
    [InlineData("cores=2,c7i.large")]
    [InlineData("color=2")]
    [InlineData("")]
    public void What_is_no_machine_is_refused(string text) => Assert.Throws<OptionException>(() => MachineType.Parse(text, 2));

    [Fact]
    public async Task The_command_measures_and_plans()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("plan", "--catalogue", "--songs", "1000", "--hours", "5", "--machine", "cores=4,price=1", "--model", "demo", "--threads", "1", "--stems", "drums", "--json");
        Assert.Equal((ExitCode.Success, ""), (run.ExitCode, run.Error));
        JsonElement plan = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(5.0 * 3600 * 44_100 * 4, plan.GetProperty("disk_bytes").GetDouble(), 5.0 * 3600 * 44_100 * 4 * 0.01);
        Assert.Equal(1000 * plan.GetProperty("song_seconds").GetDouble() / 3600, plan.GetProperty("core_hours").GetDouble(), 6);
        Assert.Equal(plan.GetProperty("core_hours").GetDouble() / 4, plan.GetProperty("cost").GetDouble(), 6);
    }

    [Theory]
    [InlineData("--songs and --hours", "--catalogue", "--songs", "10")]
    [InlineData("--songs 0", "--catalogue", "--songs", "0", "--hours", "1")]
    [InlineData("--hours", "--catalogue", "--songs", "10", "--hours", "0")]
    [InlineData("--catalogue", "--songs", "10", "song.wav")]
    public async Task What_is_missing_is_told(string said, params string[] arguments)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(["plan", "--model", "demo", .. arguments]);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    private static CataloguePlan Make(long songs, double hours, string machine) =>
        CataloguePlan.Make("demo", 44_100, songs, hours, MachineType.Parse(machine, 2), 2, s_measured);
}
