using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.Tests.Separation;

public class SeparatorTests
{
    [Fact]
    public async Task Streaming_gives_the_same_bits_in_order()
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult whole = await separator.SeparateAsync(FakeModel.Noise(300_000));
        long position = 0;
        await foreach (StemBlock block in separator.StreamAsync(FakeModel.Noise(300_000)))
        {
            Assert.Equal(position, block.Start);
            for (int s = 0; s < 4; s++)
            {
                for (int c = 0; c < 2; c++)
                {
                    Assert.True(block.Stem(s, c).SequenceEqual(whole[separator.Stems[s]][c].AsSpan((int)position, block.Length)));
                    Assert.True(block.Mix(c).SequenceEqual(whole.Mix[c].AsSpan((int)position, block.Length)));
                }
            }

            position += block.Length;
        }

        Assert.Equal(300_000, position);
    }

    [Fact]
    public async Task A_slow_reader_holds_the_separation_back()
    {
        List<FakeEngine> engines = [];
        using SemaphoreSlim run = new(0);
        await using Separator separator = FakeModel.Open(before: _ => run.Release(), engines: engines);
        IAsyncEnumerator<StemBlock> blocks = separator.StreamAsync(FakeModel.Noise(2_000_000)).GetAsyncEnumerator();
        int begun = 0;
        for (int read = 1; read <= 10; read++)
        {
            Assert.True(await blocks.MoveNextAsync());

            // One block with the reader, two made ahead, a fourth waiting: none of them needs more than a few segments of 31.
            for (; begun < read + 2; begun++)
            {
                await run.WaitAsync();
            }

            Assert.InRange(engines[0].Runs, read, read + 5);
        }

        await blocks.DisposeAsync();
        Assert.InRange(engines[0].Runs, 10, 15);

        // The separator is free again.
        Assert.Equal(1000, (await separator.SeparateAsync(FakeModel.Noise(1000))).Summary.Info.Length);
    }

    [Fact]
    public async Task Progress_rises_to_the_end()
    {
        await using Separator separator = FakeModel.Open();
        Recorder progress = new();
        await separator.SeparateAsync(FakeModel.Noise(200_000), progress: progress);
        Assert.Equal(SeparationState.Analyzing, progress.Seen[0].State);
        Assert.Contains(progress.Seen, p => p.State == SeparationState.LoadingModel);
        Assert.Equal(4, progress.Seen.Count(p => p.State == SeparationState.Separating));
        Assert.Equal(SeparationState.Done, progress.Seen[^1].State);
        Assert.Equal(100, progress.Seen[^1].Percent);
        Assert.Equal(progress.Seen.Select(p => p.Percent).Order(), progress.Seen.Select(p => p.Percent));
        Assert.Equal(200_000 / 44_100.0, progress.Seen[^1].AudioSecondsDone, 1e-9);
    }

    [Fact]
    public async Task Cancelling_stops_within_a_segment_and_leaves_the_separator_usable()
    {
        using CancellationTokenSource cancel = new();
        bool armed = true;
        await using Separator separator = FakeModel.Open(before: _ =>
        {
            if (armed)
            {
                cancel.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => separator.SeparateAsync(FakeModel.Noise(200_000), cancellationToken: cancel.Token));
        armed = false;
        Assert.Equal(3, (await separator.SeparateAsync(FakeModel.Noise(3))).Summary.Info.Length);
    }

    [Fact]
    public async Task Calls_from_several_threads_take_turns_and_do_not_mix()
    {
        List<FakeEngine> engines = [];
        await using Separator separator = FakeModel.Open(engines: engines);
        SeparationResult[] results = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => separator.SeparateAsync(FakeModel.Noise(20_000, i % 2)))));
        for (int i = 2; i < 6; i++)
        {
            Assert.Equal(results[i % 2]["bass"][1], results[i]["bass"][1]);
        }

        // The network was loaded once and kept.
        Assert.Single(engines);
    }

    [Fact]
    public async Task A_stream_a_source_and_a_file_give_the_same()
    {
        await using Separator separator = FakeModel.Open();
        string path = RepositoryFiles.Sample("song", "mix.wav");
        SeparationResult file = await separator.SeparateAsync(AudioInput.FromFile(path).Part(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)));
        Assert.Equal(3 * 44_100, file.Summary.Info.Length);
        using FileStream stream = File.OpenRead(path);
        SeparationResult piped = await separator.SeparateAsync(
            AudioInput.FromStream(stream).Part(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)));
        using Stemsharp.Audio.AudioSource source = Stemsharp.Audio.AudioSource.Open(
            path, new Stemsharp.Audio.AudioInputOptions { Start = TimeSpan.FromSeconds(2), Duration = TimeSpan.FromSeconds(3) });
        SeparationResult opened = await separator.SeparateAsync(AudioInput.FromSource(source, "song"));
        Assert.Equal(file["drums"][0], piped["drums"][0]);
        Assert.Equal(file["drums"][1], opened["drums"][1]);
    }

    [Fact]
    public async Task A_part_of_a_part_is_counted_in_the_part()
    {
        await using Separator separator = FakeModel.Open();
        string path = RepositoryFiles.Sample("song", "mix.wav");
        using Stemsharp.Audio.IAudioReader reader = Stemsharp.Audio.AudioFiles.Open(path);
        float[] samples = new float[reader.Length!.Value * 2];
        Stemsharp.Separation.FullRead.Frames(reader, samples);
        using FileStream stream = File.OpenRead(path);
        AudioInput[] inputs = [AudioInput.FromFile(path), AudioInput.FromStream(stream), AudioInput.FromSamples(samples, 44_100, 2)];
        foreach (AudioInput input in inputs)
        {
            SeparationResult part = await separator.SeparateAsync(input.Part(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)).Part(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)));
            Assert.Equal(3 * 44_100, part.Summary.Info.Length);
            for (int i = 0; i < part.Mix[0].Length; i++)
            {
                Assert.Equal(samples[2 * (2 * 44_100 + i)], part.Mix[0][i]);
            }

            Assert.Throws<OptionException>(() => input.Part(TimeSpan.Zero, TimeSpan.FromSeconds(4)).Part(TimeSpan.FromSeconds(4)));
        }
    }

    [Fact]
    public async Task A_disposed_separator_frees_its_engine_and_refuses_work()
    {
        List<FakeEngine> engines = [];
        Separator separator = FakeModel.Open(engines: engines);
        await separator.SeparateAsync(FakeModel.Noise(5000));
        await separator.DisposeAsync();
        separator.Dispose();
        Assert.True(engines[0].Disposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => separator.SeparateAsync(FakeModel.Noise(5000)));
    }

    [Fact]
    public async Task Options_of_a_call_go_over_those_of_the_separator()
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult plain = await separator.SeparateAsync(FakeModel.Noise(100_000));
        SeparationResult again = await separator.SeparateAsync(FakeModel.Noise(100_000), separator.Options.Defaults with { Shifts = 1 });
        SeparationResult shifted = await separator.SeparateAsync(FakeModel.Noise(100_000), separator.Options.Defaults with { Shifts = 3 });
        SeparationResult drums = await separator.SeparateAsync(FakeModel.Noise(100_000), separator.Options.Defaults with { Stems = ["drums"] });
        Assert.Equal(plain["vocals"][0], again["vocals"][0]);
        Assert.NotEqual(plain["vocals"][0], shifted["vocals"][0]);
        Assert.Equal(["drums"], drums.StemNames);
        Assert.Equal(plain["drums"][0], drums["drums"][0]);
        Assert.Throws<OptionException>(() => drums["vocals"]);
    }

    public static TheoryData<string, SeparatorOptions> BadOptions => new()
    {
        { "overlap", new SeparatorOptions { Defaults = new SeparationOptions { Overlap = 1 } } },
        { "overlap", new SeparatorOptions { Defaults = new SeparationOptions { Overlap = double.NaN } } },
        { "transition power", new SeparatorOptions { Defaults = new SeparationOptions { TransitionPower = 0.5 } } },
        { "shifts", new SeparatorOptions { Defaults = new SeparationOptions { Shifts = -1 } } },
        { "segment", new SeparatorOptions { Defaults = new SeparationOptions { Segment = 0 } } },
        { "threads", new SeparatorOptions { Threads = -2 } },
        { "kazoo", new SeparatorOptions { Stems = ["kazoo"] } },
        { "stems", new SeparatorOptions { Stems = [] } },
        { "precision", new SeparatorOptions { Precision = (EnginePrecision)7 } },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void A_bad_option_is_named_at_once(string word, SeparatorOptions options) =>
        Assert.Contains(word, Assert.Throws<OptionException>(() => FakeModel.Open(options)).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task A_segment_longer_than_the_models_is_refused_before_the_work()
    {
        List<FakeEngine> engines = [];
        await using Separator separator = FakeModel.Open(new SeparatorOptions { Defaults = new SeparationOptions { Segment = 7.8 } }, engines: engines);
        OptionException error = await Assert.ThrowsAsync<OptionException>(() => separator.SeparateAsync(FakeModel.Noise(5000)));
        Assert.Contains("1.95", error.Message, StringComparison.Ordinal);
        Assert.Empty(engines);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_hosts_memory_is_collected_only_when_that_is_asked_for(bool release)
    {
        // The runtime may choose to collect everything by itself, and tests run side by side, but not each time.
        bool collected = true;
        for (int i = 0; i < 10 && collected; i++)
        {
            long before = GC.GetGCMemoryInfo(GCKind.FullBlocking).Index;
            await using Separator separator = FakeModel.Open(new SeparatorOptions { ReleaseMemory = release });
            await separator.SeparateAsync(FakeModel.Noise(5000));
            collected = GC.GetGCMemoryInfo(GCKind.FullBlocking).Index != before;
        }

        Assert.Equal(release, collected);
    }

    [Fact]
    public async Task Observers_see_activities_measurements_and_log_entries()
    {
        List<string> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Stemsharp",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities)
                {
                    activities.Add(activity.OperationName);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        List<string> instruments = [];
        using MeterListener meters = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Stemsharp")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, _, _, _) =>
        {
            lock (instruments)
            {
                instruments.Add(instrument.Name);
            }
        });
        meters.Start();
        ListLogger logger = new();
        await using Separator separator = FakeModel.Open(new SeparatorOptions { Logger = logger });
        await separator.SeparateAsync(FakeModel.Noise(100_000));
        Assert.Superset(new HashSet<string> { "separation", "load", "segment" }, activities.ToHashSet());
        Assert.Superset(new HashSet<string> { "stemsharp.segment.duration", "stemsharp.load.duration", "stemsharp.audio.separated" }, instruments.ToHashSet());
        Assert.Contains(logger.Entries, entry => entry.Contains("Separated", StringComparison.Ordinal));
        Assert.Contains(logger.Entries, entry => entry.Contains("above full scale", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_memory_of_a_network_is_told_when_it_comes_and_when_it_goes()
    {
        List<long> bytes = [];
        using MeterListener meters = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "stemsharp.network.memory")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((_, measurement, _, _) =>
        {
            lock (bytes)
            {
                bytes.Add(measurement);
            }
        });
        meters.Start();
        ListLogger logger = new();
        await using (Separator separator = Separator.Open(FakeModel.Source, new SeparatorOptions { Logger = logger, Threads = 1 }))
        {
            await separator.SeparateAsync(FakeModel.Noise(1000));
        }

        // Other tests load networks meanwhile, some of about the same size, and theirs may still be there.
        lock (bytes)
        {
            Assert.Contains(bytes, own => own is > 10_000_000 and < 500_000_000 && bytes.Contains(-own)
                && logger.Entries.Any(entry => entry.EndsWith($" takes {own / 1e6:F0} MB", StringComparison.Ordinal)));
        }
    }

    private sealed class Recorder : IProgress<SeparationProgress>
    {
        public List<SeparationProgress> Seen { get; } = [];

        public void Report(SeparationProgress value) => Seen.Add(value);
    }

    private sealed class ListLogger : ILogger
    {
        public List<string> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Add(formatter(state, exception));
    }
}
