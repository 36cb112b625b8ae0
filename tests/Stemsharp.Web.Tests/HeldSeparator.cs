using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Web.Separation;

namespace Stemsharp.Web.Tests;

/// <summary>
/// The real separator, which a test can hold in the middle of a song, so that nothing depends on how fast the machine
/// is. While it is held it goes on telling how far it is, as a slow engine does.
/// </summary>
internal sealed class HeldSeparator(ISongSeparator separator) : ISongSeparator
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(300);
    private readonly ManualResetEventSlim _released = new(true);
    private double _from;

    public string Engine => separator.Engine;

    public string DefaultModel => separator.DefaultModel;

    public IReadOnlyList<string> Encoders => separator.Encoders;

    public IReadOnlyList<ModelInfo> Models => separator.Models;

    /// <summary>Holds every song, from the first piece on that ends behind a fraction of it, until it is released or cancelled.</summary>
    public void HoldFrom(double fraction)
    {
        _from = fraction;
        _released.Reset();
    }

    public void Release() => _released.Set();

    public double? Work(string model) => separator.Work(model);

    /// <summary>A machine of a round speed: measuring it would take as long as the tests' songs.</summary>
    public Task<double> MeasureAsync(CancellationToken cancellationToken) => Task.FromResult(100.0);

    public AudioFacts Probe(string file, CancellationToken cancellationToken) => separator.Probe(file, cancellationToken);

    public IAudioReader Open(string file, CancellationToken cancellationToken) => separator.Open(file, cancellationToken);

    public JobSettings Complete(JobSettings settings, bool mayBeAbsent = false) => separator.Complete(settings, mayBeAbsent);

    public int WaitingStems(string? model) => separator.WaitingStems(model);

    public Task DownloadAsync(string model, IProgress<double> progress, CancellationToken cancellationToken) =>
        separator.DownloadAsync(model, progress, cancellationToken);

    public ModelFiles Files(string model) => separator.Files(model);

    public void Remove(string model) => separator.Remove(model);

    public DecodedSong Decode(string source, string workFolder, CancellationToken cancellationToken) =>
        separator.Decode(source, workFolder, cancellationToken);

    public Task<IReadOnlyList<string>> SeparateAsync(
        string song, JobSettings settings, string workFolder, string stepsFolder, IStemObserver observer, CancellationToken cancellationToken) =>
        separator.SeparateAsync(song, settings, workFolder, stepsFolder, new Observer(this, observer, cancellationToken), cancellationToken);

    public void WriteStems(
        IReadOnlyList<WaitingStem> stems, WaitingStem? mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken) =>
        separator.WriteStems(stems, mix, targets, settings, cancellationToken);

    public void Encode(string wav, string target, string format, CancellationToken cancellationToken) =>
        separator.Encode(wav, target, format, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await separator.DisposeAsync();
        _released.Dispose();
    }

    private sealed class Observer(HeldSeparator owner, IStemObserver observer, CancellationToken cancel) : IStemObserver
    {
        public void Begin(JobAudio audio) => observer.Begin(audio);

        public void WriteMix(ReadOnlySpan<float> interleaved) => observer.WriteMix(interleaved);

        public void Write(int stem, ReadOnlySpan<float> interleaved) => observer.Write(stem, interleaved);

        public void Notice(string text) => observer.Notice(text);

        public void Progress(double fraction, double songSeconds)
        {
            observer.Progress(fraction, songSeconds);
            if (fraction < owner._from)
            {
                return;
            }

            while (WaitHandle.WaitAny([owner._released.WaitHandle, cancel.WaitHandle], ReportEvery) == WaitHandle.WaitTimeout)
            {
                observer.Progress(fraction, songSeconds);
            }
        }
    }
}
