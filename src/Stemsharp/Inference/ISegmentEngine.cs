namespace Stemsharp.Inference;

/// <summary>
/// The shapes of one segment: what goes into an engine and what comes out.
/// </summary>
/// <param name="Stems">Number of stems S the network returns.</param>
/// <param name="Channels">Audio channels C (2 for every HTDemucs model).</param>
/// <param name="Bins">Frequency bins F of the spectrogram, the top one dropped (2048 for n_fft 4096).</param>
/// <param name="Frames">Time frames T of the spectrogram (336 for a segment of 39/5 s).</param>
/// <param name="Samples">Samples L of the waveform (343,980 for a segment of 39/5 s at 44.1 kHz).</param>
public sealed record SegmentShape(int Stems, int Channels, int Bins, int Frames, int Samples)
{
    /// <summary>Floats in the input spectrogram [2·C, F, T]; channel order L.re, L.im, R.re, R.im.</summary>
    public int SpectrogramLength => 2 * Channels * Bins * Frames;

    /// <summary>Floats in the input waveform [C, L].</summary>
    public int WaveformLength => Channels * Samples;

    /// <summary>Floats in the output spectrograms [S·2·C, F, T].</summary>
    public int SpectrogramsLength => Stems * SpectrogramLength;

    /// <summary>Floats in the output waveforms [S·C, L].</summary>
    public int WaveformsLength => Stems * WaveformLength;
}

/// <summary>
/// Runs the network on one segment: spectrogram and waveform in, spectrograms and waveforms out.
/// A stem is the inverse STFT of its spectrogram plus its waveform. Every engine implements this.
/// One instance serves one caller at a time; make one instance per concurrent caller.
/// </summary>
public interface ISegmentEngine : IDisposable
{
    /// <summary>The shapes that <see cref="Run"/> takes and gives.</summary>
    SegmentShape Shape { get; }

    /// <summary>A short name for logs and reports, such as <c>cpu (AVX-512, 2 threads)</c>.</summary>
    string Description { get; }

    /// <summary>Runs one segment. All buffers are dense, row-major, channels first.</summary>
    /// <param name="spectrogram">[2·C, F, T], as <see cref="SegmentShape.SpectrogramLength"/>.</param>
    /// <param name="waveform">[C, L].</param>
    /// <param name="spectrograms">[S·2·C, F, T], overwritten.</param>
    /// <param name="waveforms">[S·C, L], overwritten.</param>
    /// <param name="cancellationToken">Stops within the segment; the outputs are then undefined.</param>
    void Run(
        ReadOnlySpan<float> spectrogram,
        ReadOnlySpan<float> waveform,
        Span<float> spectrograms,
        Span<float> waveforms,
        CancellationToken cancellationToken);
}

/// <summary>
/// Runs independent pieces of work on an engine's threads, so that transforms around the network use the
/// same threads as the network does.
/// </summary>
public interface IWorkers
{
    /// <summary>How many threads take part, the caller's included; at least 1.</summary>
    int Count { get; }

    /// <summary>
    /// Calls <paramref name="body"/> once for each item in 0 … <paramref name="items"/> − 1, in any order on
    /// any of the threads, and returns when all are done. The first exception is rethrown.
    /// </summary>
    /// <param name="items">How many pieces there are.</param>
    /// <param name="body">Gets the item's index.</param>
    void For(int items, Action<int> body);
}
