using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>How long songs will take, before any was taken apart and after.</summary>
public sealed class SpeedTests
{
    private static readonly Dictionary<string, double> Work = new() { ["small"] = 1, ["one"] = 50, ["four"] = 200 };

    [Theory]
    // A model's own songs, whatever others say.
    [InlineData("one", 3.0, 400.0, "one=3 four=9")]
    // By what it computes, at the rate of one that is nearly as large, at the machine's otherwise.
    [InlineData("four", 0.75, 400.0, "one=3")]
    [InlineData("one", 8.0, 400.0, "")]
    [InlineData("one", 8.0, 400.0, "small=20")]
    [InlineData("small", 150.0, 400.0, "one=3")]
    // What nobody knows is not told.
    [InlineData("one", null, null, "small=20")]
    [InlineData("unheard", null, 400.0, "one=3")]
    public void A_models_speed_is_its_own_or_told_by_what_it_computes(string model, double? speed, double? machine, string measured)
    {
        Dictionary<string, double> songs = measured.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('='))
            .ToDictionary(one => one[0], one => double.Parse(one[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(speed, ModelSpeed.Of(model, songs, Work, machine));
    }

    [Fact]
    public async Task What_presets_compute_is_known_before_their_models_are_here()
    {
        ServeOptions options = new() { DataFolder = Path.GetTempPath(), Offline = true };
        await using LibrarySeparator separator = new(options);
        // 335 and 256 GFLOP a piece, of which 5.85 s are new.
        Assert.Equal(57.25, separator.Work("htdemucs")!.Value, 0.05);
        Assert.Equal(43.8, separator.Work("htdemucs_6s")!.Value, 0.05);
        Assert.Equal(4 * separator.Work("htdemucs")!.Value, separator.Work("htdemucs_ft")!.Value, 1e-6);
        Assert.All(separator.Models.Where(model => model.Purposes.Count > 0), model => Assert.True(separator.Work(model.Name) > 20, model.Name));
        Assert.InRange(separator.Work("demo")!.Value, 0.1, 10);
        Assert.Null(separator.Work("nothing of that name"));
    }

    [Fact]
    public async Task The_machine_is_measured_once_and_its_speed_is_kept()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            int measured = 0;
            await using (TestServer server = await TestServer.StartAsync(folder: folder, fake: fake => Prepare(fake, () => measured++)))
            {
                // Nobody has asked so far.
                Assert.Equal(0, measured);
                await WaitForSpeedAsync(server, "fake", 8);
                Assert.Equal(2, await SpeedAsync(server, "fake2"));
                Assert.Null(await SpeedAsync(server, "absent"));
            }

            await using TestServer again = await TestServer.StartAsync(folder: folder, fake: fake => Prepare(fake, () => measured++));
            await WaitForSpeedAsync(again, "fake", 8);
            Assert.Equal(1, measured);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static void Prepare(FakeSeparator fake, Action measured)
        {
            (fake.Works["fake"], fake.Works["fake2"]) = (50, 200);
            fake.Measuring = _ =>
            {
                measured();
                return Task.FromResult(400.0);
            };
        }
    }

    [Fact]
    public async Task A_song_stops_the_measurement_which_begins_anew_when_it_is_done()
    {
        int begun = 0;
        TaskCompletionSource measuring = new(TaskCreationOptions.RunContinuationsAsynchronously), stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake =>
        {
            fake.Works["fake2"] = 50;
            fake.Gate = gate;
            fake.Measuring = async cancel =>
            {
                cancel.Register(() => stopped.TrySetResult());
                measuring.TrySetResult();
                if (++begun == 1)
                {
                    await Task.Delay(Timeout.Infinite, cancel);
                }

                return 100;
            };
        });
        await server.Client.GetModelsAsync();
        await measuring.Task;
        Job job = await server.Client.CreateJobAsync(new NewJob((await server.UploadAsync()).Id));
        await stopped.Task;
        gate.Release(100);
        await server.Client.WaitForJobAsync(job.Id);
        await WaitForSpeedAsync(server, "fake2", 2);
        Assert.Equal(2, begun);
    }

    [Fact]
    public async Task The_library_measures_the_machine() =>
        Assert.InRange(await MachineRate.MeasureAsync(new SeparatorOptions { ReleaseMemory = true, Preload = false }, CancellationToken.None), 1, 1e6);

    private static async Task<double?> SpeedAsync(TestServer server, string model) => (await server.Client.GetModelsAsync()).Single(known => known.Name == model).TimesRealTime;

    private static Task WaitForSpeedAsync(TestServer server, string model, double speed) =>
        TestServer.UntilAsync($"the speed of {model} is known", async () => await SpeedAsync(server, model) == speed);
}
