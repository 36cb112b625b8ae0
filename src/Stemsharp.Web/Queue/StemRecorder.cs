using System.Diagnostics;
using System.Numerics.Tensors;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Sound;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// Keeps a running job's stems as floats, with their waveforms, where they can be fetched while the rest is being
/// made, and reports how far it is.
/// </summary>
internal sealed class StemRecorder(JobQueue queue, JobEntry entry, StemFiles files, ILogger logger) : IStemObserver, IDisposable
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private GrowingWav[] _floats = [];
    private PeakWriter[] _waveforms = [];
    private float[] _peaks = [];
    private GrowingWav? _mix;
    private float _mixPeak;
    private long _lastReport = long.MinValue;
    private long _frames;
    private double _fraction;
    private double _songSeconds;

    public JobAudio? Audio { get; private set; }

    /// <summary>What is left to be levelled and written.</summary>
    public IReadOnlyList<WaitingStem> Stems => [.. Audio!.Stems.Select((stem, i) => new WaitingStem(stem, files.Floats(i), _peaks[i]))];

    /// <summary>The song itself, where it was given.</summary>
    public WaitingStem? Mix => _mix is null ? null : new WaitingStem("mix", files.MixFloats, _mixPeak);

    public void Begin(JobAudio audio)
    {
        Audio = audio;
        DataFolder.CreatePrivate(files.PeaksFolder);
        _floats = new GrowingWav[audio.Stems.Count];
        _waveforms = new PeakWriter[audio.Stems.Count];
        _peaks = new float[audio.Stems.Count];
        for (int i = 0; i < _floats.Length; i++)
        {
            _floats[i] = new GrowingWav(files.Floats(i), audio.SampleRate, audio.Channels, audio.Frames);
            _waveforms[i] = new PeakWriter(files.PeakFile(i), audio.Channels);
        }
        queue.SetAudio(entry, audio);
        Report();
    }

    public void Notice(string text) => logger.LogWarning("Job {JobId}: {Notice}", entry.Stored.Id, text);

    public void WriteMix(ReadOnlySpan<float> interleaved)
    {
        _mix ??= new GrowingWav(files.MixFloats, Audio!.SampleRate, Audio.Channels, Audio.Frames);
        _mix.Write(interleaved);
        _mixPeak = Peak(_mixPeak, interleaved);
    }

    public void Write(int stem, ReadOnlySpan<float> interleaved)
    {
        _floats[stem].Write(interleaved);
        _waveforms[stem].Write(interleaved);
        _peaks[stem] = Peak(_peaks[stem], interleaved);
        if (stem < _floats.Length - 1)
        {
            return;
        }

        foreach (GrowingWav file in _floats)
        {
            file.Flush();
        }

        foreach (PeakWriter file in _waveforms)
        {
            file.Flush();
        }

        _frames += interleaved.Length / Audio!.Channels;
        Report();
    }

    public void Progress(double fraction, double songSeconds)
    {
        (_fraction, _songSeconds) = (fraction, songSeconds);
        if (_lastReport == long.MinValue || Stopwatch.GetElapsedTime(_lastReport) >= ReportEvery)
        {
            Report();
        }
    }

    public void Dispose()
    {
        foreach (GrowingWav? file in _floats)
        {
            file?.Dispose();
        }

        foreach (PeakWriter? file in _waveforms)
        {
            file?.Dispose();
        }

        _mix?.Dispose();
    }

    private static float Peak(float peak, ReadOnlySpan<float> samples) => Math.Max(peak, Math.Abs(TensorPrimitives.MaxMagnitude(samples)));

    private void Report()
    {
        _lastReport = Stopwatch.GetTimestamp();
        double seconds = _watch.Elapsed.TotalSeconds;
        bool told = _fraction > 0.02 && seconds > 0.5;
        queue.Report(entry, new JobProgress(JobStep.Separating, _fraction, _frames)
        {
            EtaSeconds = told ? seconds / _fraction * (1 - _fraction) : null,
            TimesRealTime = told && _songSeconds > 0 ? _songSeconds / seconds : null,
        });
    }
}
