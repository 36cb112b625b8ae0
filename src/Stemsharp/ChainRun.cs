using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Chains.Ensembles;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// One call of a <see cref="ChainSeparator"/>: run after run, each into a file of floats, and from these the outputs. What the last run
/// gives goes to the sink as it comes, unless it is one version of an ensemble.
/// </summary>
internal sealed class ChainRun
{
    private readonly ChainSeparator _chain;
    private readonly ChainPlan _plan;
    private readonly ILogger _logger;
    private readonly SeparationOptions _options;
    private readonly IProgress<SeparationProgress>? _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly RunResult?[] _results;
    private readonly string[] _recipes;
    private readonly List<EngineShare> _engines = [];
    private SeparatorSong _song = null!;
    private SeparationInfo _info = null!;
    private long _segments, _silent, _done, _count;
    private int _run, _runs;
    private StemBlock? _live;
    private int _liveRun = -1;

    public ChainRun(
        ChainSeparator chain, ChainPlan plan, ILogger logger, SeparationOptions options, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken)
    {
        _chain = chain;
        _plan = plan;
        _logger = logger;
        _options = options;
        _progress = progress;
        _cancellationToken = cancellationToken;
        _results = new RunResult?[plan.Runs.Count];
        _recipes = new string[plan.Runs.Count];
    }

    public SeparationSummary Execute(OpenedInput input, IStemSink sink)
    {
        using Activity? activity = SeparationTelemetry.Start("chain");
        activity?.SetTag("stemsharp.chain", _chain.Model);
        using SeparatorSong song = new(input, _chain.SampleRate, _chain.Channels, _options.TemporaryFolder);
        _song = song;
        try
        {
            Report(SeparationState.Analyzing);
            (long length, string mix) = Measure();
            foreach (string warning in input.Warnings)
            {
                SeparatorLog.InputWarning(_logger, input.Name, warning);
            }

            _info = new SeparationInfo(
                _chain.Model, [.. _plan.Outputs.Select(output => output.Name)], _chain.SampleRate, _chain.Channels, length, input.SampleRate, input.Channels);

            // Settings that do not fit a model are refused for all of them before the first one works.
            long[] counts = [.. _plan.Runs.Select(run => Count(run, input.Name, length))];
            FindKept(mix);
            int[] work = WorkToDo();
            (_runs, _count) = (work.Length, work.Sum(run => counts[run]));
            _liveRun = work is [.., var last] && last == _plan.LiveRun ? last : -1;
            RequireSpace(work);
            sink.Begin(_info);
            foreach (int run in work.Where(run => run != _liveRun))
            {
                Run(run, input.Name);
                Release(run);
            }

            using Delivery delivery = new(this, sink);
            if (_liveRun >= 0)
            {
                Separate(_plan.Runs[_liveRun], input.Name, new LiveSink(this, delivery));
            }
            else
            {
                delivery.Rest();
            }

            if (sink is IFinishingSink finishing)
            {
                Report(SeparationState.Writing);
                finishing.Finish(new ParallelWorkers(Threads));
            }

            SeparationSummary summary = new(_info, _segments, _silent, Stopwatch.GetElapsedTime(_began), delivery.Peaks, _engines) { Warnings = input.Warnings };
            activity?.SetTag("stemsharp.engine", summary.Engine);
            SeparatorLog.Finished(_logger, input.Name, summary.Elapsed.TotalSeconds, Seconds / summary.Elapsed.TotalSeconds, _silent);
            Report(SeparationState.Done);
            return summary;
        }
        finally
        {
            foreach (RunResult? result in _results)
            {
                result?.Dispose();
            }
        }
    }

    /// <summary>Deletes what is kept in a folder, and the folder unless there is something else in it.</summary>
    public static void Forget(string folder)
    {
        RunResult.Sweep(folder, []);
        Folders.DeleteIfEmpty(folder);
    }

    private int Threads => _chain.Options.Threads == 0 ? Environment.ProcessorCount : _chain.Options.Threads;

    private double Seconds => (double)_info.Length / _info.SampleRate;

    // The samples tell the song: whatever file they came from.
    private (long Length, string Hash) Measure()
    {
        IAudioReader reader = _song.Track.Open(_cancellationToken);
        if (_options.WorkFolder is null)
        {
            using (reader)
            {
                return (SeparationRun.Measure(_song.Track.Name, reader, _cancellationToken).Length, "");
            }
        }

        using HashingReader hashing = new(reader);
        long length = SeparationRun.Measure(_song.Track.Name, hashing, _cancellationToken).Length;
        return (length, hashing.Finish());
    }

    private SeparationOptions OptionsOf(ChainRunPlan run) => _chain.OptionsOf(run, _options);

    private long Count(ChainRunPlan run, string song, long length)
    {
        try
        {
            return _chain.SeparatorOf(run).CountSegments(song, length, OptionsOf(run));
        }
        catch (OptionException error)
        {
            throw new OptionException($"Step {run.Shown}: {error.Message}", error);
        }
    }

    private RunForm FormOf(ChainRunPlan run) => new(run.Stems.Count, _info.Length, _info.Channels, _info.SampleRate);

    private void FindKept(string mix)
    {
        if (_options.WorkFolder is not { } folder)
        {
            return;
        }

        foreach (ChainRunPlan run in _plan.Runs)
        {
            _recipes[run.Index] = Recipe(run, mix);
        }

        RunResult.Sweep(folder, _recipes);
        foreach (ChainRunPlan run in _plan.Runs)
        {
            _results[run.Index] = RunResult.TryOpen(FormOf(run), folder, _recipes[run.Index], _cancellationToken, out bool wasBroken);
            if (wasBroken)
            {
                Say($"What was kept of step {run.Shown} is damaged or cut short; it is made anew.");
            }
        }
    }

    /// <summary>Everything that decides about a run's bits.</summary>
    private string Recipe(ChainRunPlan run, string mix)
    {
        SeparationOptions options = OptionsOf(run);
        string input = string.Join(' ', run.Step.Input.Terms.Select(term => (term.IsSubtracted ? "-" : "+") + Identity(term.Sound)));
        return string.Create(CultureInfo.InvariantCulture, $"""
            stemsharp {typeof(ChainRun).Assembly.GetName().Version} step {run.Step.Name}
            input {input}
            model {run.Model.Model} {_chain.FingerprintOf(run)}
            overlap={options.Overlap:R} power={options.TransitionPower:R} shifts={options.Shifts} seed={options.Seed} segment={options.Segment:R} split={options.Split}
            engine={_chain.Options.Engine} device={_chain.Options.Device} precision={_chain.Options.Precision}
            stems {string.Join(',', run.Stems)}: {_info.Length} × {_info.Channels} at {_info.SampleRate}

            """);

        string Identity(string sound)
        {
            if (sound == ChainSum.Mix)
            {
                return mix;
            }

            (string stem, IReadOnlyList<ChainRunPlan> runs, ChainEnsemble? how) = _plan.Source(sound);
            string versions = string.Join('|', runs.Select(r => RunResult.NameOf(_recipes[r.Index])));
            return how is null ? $"{versions}#{stem}" : $"{EnsembleAlgorithms.NameOf(how.Algorithm)}({string.Join(',', how.Weights ?? [])}){versions}#{stem}";
        }
    }

    /// <summary>The runs that are needed and not there, in order.</summary>
    private int[] WorkToDo()
    {
        HashSet<int> needed = [.. _plan.Outputs.SelectMany(output => _plan.RunsOf(output.Sum)).Select(run => run.Index)];
        foreach (ChainRunPlan run in _plan.Runs.Reverse().Where(run => needed.Contains(run.Index)))
        {
            if (_results[run.Index] is null)
            {
                needed.UnionWith(_plan.RunsOf(run.Step.Input).Select(before => before.Index));
            }
            else
            {
                SeparatorLog.StepKept(_logger, _chain.Model, run.Shown);
                Say($"Step {run.Shown} was finished earlier; its result is used again.");
            }
        }

        return [.. _plan.Runs.Select(run => run.Index).Where(run => needed.Contains(run) && _results[run] is null)];
    }

    // A full disk is met before the work.
    private void RequireSpace(int[] work)
    {
        string folder = Folders.NearestExisting(_options.WorkFolder ?? _options.TemporaryFolder ?? Path.GetTempPath());
        DiskSpace.Require(folder, _plan.MostWaiting(run => work.Contains(run.Index) ? FormOf(run).Bytes : 0), "for the results of a chain's steps");
    }

    private void Run(int index, string song)
    {
        ChainRunPlan run = _plan.Runs[index];
        RunResult result = _options.WorkFolder is { } folder ? Keep(run, folder) : RunResult.Temporary(FormOf(run), _options.TemporaryFolder);
        try
        {
            Separate(run, song, new ResultSink(result, PlacesOf(run)));
            result.Complete();
        }
        catch
        {
            result.Dispose();
            throw;
        }

        _results[index] = result;
    }

    private RunResult Keep(ChainRunPlan run, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"The folder '{folder}' for the results of a chain's steps cannot be made: {error.Message}", error);
        }

        return RunResult.Keep(FormOf(run), folder, _recipes[run.Index]);
    }

    // A result that nobody will listen to any more goes, and so does what was kept of it.
    private void Release(int done)
    {
        for (int result = 0; result <= done; result++)
        {
            if (_results[result] is { } waiting && !_plan.IsWaitedFor(result, done))
            {
                waiting.Dispose();
                _results[result] = null;
                if (_options.WorkFolder is { } folder)
                {
                    RunResult.Forget(folder, _recipes[result]);
                }
            }
        }
    }

    private void Separate(ChainRunPlan run, string song, IStemSink sink)
    {
        Separator separator = _chain.SeparatorOf(run);
        _chain.FreeOthers(separator);
        SeparatorLog.Step(_logger, _chain.Model, run.Shown);
        ChainSum sum = run.Step.Input;
        AudioInput sound = AudioInput.FromReaders(
            () => SumReader.Open(sum, OpenSound),
            _info.SampleRate,
            _info.Channels,
            _info.Length,
            sum.ToString() == ChainSum.Mix ? song : $"{song} ({sum})",
            _plan.IsCostly(sum));
        using OpenedInput input = OpenedInput.Open(sound, null, _cancellationToken);
        SeparationSummary summary = separator.SeparateHere(input, sink, OptionsOf(run), new RunProgress(this), _cancellationToken);
        foreach (EngineShare share in summary.Engines)
        {
            EngineShare.Append(_engines, share with { First = share.First + _segments });
        }

        _segments += summary.Segments;
        _silent += summary.SilentSegments;
        _done += summary.Segments + summary.SilentSegments;
        _run++;
    }

    /// <summary>Which of a model's wanted stems, in its order, each stem of a run is.</summary>
    private int[] PlacesOf(ChainRunPlan run)
    {
        IReadOnlyList<string> stems = _chain.SeparatorOf(run).Stems;
        string[] names = [.. run.Stems.Select(stem => StemNames.Find(stem, stems)!)];
        string[] given = [.. stems.Where(names.Contains)];
        return [.. names.Select(name => Array.IndexOf(given, name))];
    }

    private IAudioReader OpenSound(string sound)
    {
        if (sound == ChainSum.Mix)
        {
            return _song.Track.Open(_cancellationToken);
        }

        (string stem, IReadOnlyList<ChainRunPlan> runs, ChainEnsemble? how) = _plan.Source(sound);
        Func<IAudioReader>[] versions = [.. runs.Select(run => (Func<IAudioReader>)(() => OpenStem(run, stem)))];
        return how is null ? versions[0]() : Ensemble.Open(how, versions);
    }

    private IAudioReader OpenStem(ChainRunPlan run, string stem)
    {
        int place = run.Stems.ToList().IndexOf(stem);
        return run.Index == _liveRun ? new LiveReader(this, PlacesOf(run)[place]) : _results[run.Index]!.Open(place);
    }

    private void Say(string notice)
    {
        if (_chain.Options.Notices is { } notices)
        {
            notices.Report(notice);
        }
        else
        {
            SeparatorLog.Notice(_logger, notice);
        }
    }

    private void Report(SeparationState state, long done = 0)
    {
        done = state is SeparationState.Writing or SeparationState.Done ? _count : Math.Min(_done + done, _count);
        double share = _count == 0 ? (state is SeparationState.Done ? 1 : 0) : (double)done / _count;
        double seconds = _info is null ? 0 : Seconds;
        _progress?.Report(new SeparationProgress
        {
            State = state,
            Fraction = share,
            SegmentIndex = done,
            SegmentCount = _count,
            ModelIndex = Math.Clamp(_run, 0, Math.Max(0, _runs - 1)),
            ModelCount = Math.Max(1, _runs),
            AudioSecondsDone = seconds * share,
            AudioSecondsTotal = seconds,
            Elapsed = Stopwatch.GetElapsedTime(_began),
        });
    }

    // A run's progress as a part of the whole. That it begins with reading and ends is no news.
    private sealed class RunProgress(ChainRun owner) : IProgress<SeparationProgress>
    {
        public void Report(SeparationProgress value)
        {
            if (value.State is SeparationState.LoadingModel or SeparationState.Separating)
            {
                owner.Report(value.State, value.SegmentIndex);
            }
        }
    }

    /// <summary>Writes a run's stems to its result.</summary>
    private sealed class ResultSink(RunResult result, int[] places) : IStemSink
    {
        private float[] _samples = [];

        public void Begin(SeparationInfo info) => _samples = new float[SeparatedBlock.Capacity * info.Channels];

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Write(StemBlock block)
        {
            Span<float> samples = _samples.AsSpan(0, block.Length * block.Info.Channels);
            for (int stem = 0; stem < places.Length; stem++)
            {
                block.CopyStemInterleaved(places[stem], samples);
                result.Write(stem, samples);
            }
        }
    }

    /// <summary>Shows the last run's stems to those who make the outputs.</summary>
    private sealed class LiveSink(ChainRun owner, Delivery delivery) : IStemSink
    {
        public void Begin(SeparationInfo info)
        {
        }

        public void Write(StemBlock block)
        {
            owner._live = block;
            delivery.Next(block.Length, block.Memory.Workers);
        }
    }

    /// <summary>Reads a stem of the last run in the block that there is.</summary>
    private sealed class LiveReader(ChainRun owner, int stem) : IAudioReader
    {
        private long _position;

        public int SampleRate => owner._info.SampleRate;

        public int Channels => owner._info.Channels;

        public long? Length => owner._info.Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Read(Span<float> interleaved)
        {
            StemBlock block = owner._live!;
            int offset = (int)(_position - block.Start), channels = Channels;
            int frames = Math.Min(interleaved.Length / channels, block.Length - offset);
            for (int c = 0; c < channels; c++)
            {
                ReadOnlySpan<float> samples = block.Stem(stem, c).Slice(offset, frames);
                for (int i = 0; i < frames; i++)
                {
                    interleaved[i * channels + c] = samples[i];
                }
            }

            _position += frames;
            return frames;
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Makes the outputs, block by block in order.</summary>
    private sealed class Delivery : IDisposable
    {
        private readonly ChainRun _owner;
        private readonly IStemSink _sink;
        private readonly List<IAudioReader> _readers = [];
        private readonly SeparatedBlock _block;
        private readonly StemBlock _shown;
        private readonly float[] _samples;
        private readonly PeakMeter[] _peaks;
        private long _position;

        public Delivery(ChainRun owner, IStemSink sink)
        {
            _owner = owner;
            _sink = sink;
            SeparationInfo info = owner._info;
            _block = new SeparatedBlock(info.Stems.Count, info.Channels);
            _shown = new StemBlock(info, _block);
            _samples = new float[SeparatedBlock.Capacity * info.Channels];
            _peaks = [.. info.Stems.Select(_ => new PeakMeter())];
            try
            {
                _readers.Add(owner.OpenSound(ChainSum.Mix));
                foreach (ChainOutput output in owner._plan.Outputs)
                {
                    _readers.Add(SumReader.Open(output.Sum, owner.OpenSound));
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public IReadOnlyList<float> Peaks => [.. _peaks.Select(peak => peak.Peak)];

        /// <summary>Hands on the next stretch.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Next(int length, IWorkers workers)
        {
            _block.Start = _position;
            _block.Length = length;
            _block.Workers = workers;
            Fill(_readers[0], _block.Mix);
            for (int stem = 0; stem < _peaks.Length; stem++)
            {
                Fill(_readers[stem + 1], _block.Stems[stem]);
                foreach (float[] channel in _block.Stems[stem])
                {
                    _peaks[stem].Add(channel.AsSpan(0, length));
                }
            }

            _position += length;
            _sink.Write(_shown);
        }

        /// <summary>Hands on all that is left.</summary>
        public void Rest()
        {
            ParallelWorkers workers = new(_owner.Threads);
            while (_position < _owner._info.Length)
            {
                _owner._cancellationToken.ThrowIfCancellationRequested();
                Next((int)Math.Min(SeparatedBlock.Capacity, _owner._info.Length - _position), workers);
            }
        }

        public void Dispose() => _readers.ForEach(reader => reader.Dispose());

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Fill(IAudioReader reader, float[][] channels)
        {
            Span<float> samples = _samples.AsSpan(0, _block.Length * channels.Length);
            int frames = FullRead.Frames(reader, samples);
            samples[(frames * channels.Length)..].Clear();
            for (int c = 0; c < channels.Length; c++)
            {
                float[] channel = channels[c];
                for (int i = 0; i < _block.Length; i++)
                {
                    channel[i] = samples[i * channels.Length + c];
                }
            }
        }
    }
}
