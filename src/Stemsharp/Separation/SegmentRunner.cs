using Stemsharp.Inference;
using Stemsharp.Signal;
using Stemsharp.Simd;

namespace Stemsharp.Separation;

/// <summary>
/// From a piece of the mix to its stems: STFT, network, inverse STFT of the wanted stems added to their waveforms.
/// Owns the engine and the memory between the steps. One caller at a time.
/// </summary>
internal sealed unsafe class SegmentRunner : IDisposable
{
    private readonly ISegmentEngine _engine;
    private readonly IWorkers _workers;
    private readonly SegmentStft _stft;
    private readonly ISegmentBuffers _buffers;
    private readonly NativeBuffer<float> _seams;
    private readonly Action<int> _forward, _inverse, _join;
    private int[] _stems = [];

    /// <param name="engine">Disposed with the runner.</param>
    /// <param name="nfft">The network's FFT size.</param>
    /// <param name="workers">Threads for the transforms: the engine's own where it lends them.</param>
    public SegmentRunner(ISegmentEngine engine, int nfft, IWorkers workers)
    {
        _engine = engine;
        _workers = workers;
        Shape = engine.Shape;
        _stft = new SegmentStft(nfft, Shape.Samples);
        if (_stft.Bins != Shape.Bins || _stft.Frames != Shape.Frames)
        {
            throw new ModelException(
                $"The engine '{engine.Description}' takes spectrograms of {Shape.Bins} bins and {Shape.Frames} frames, but the "
                + $"network's have {_stft.Bins} and {_stft.Frames}; it was made for another model or another segment length.");
        }

        _buffers = engine as ISegmentBuffers ?? new CopiedBuffers(engine);
        _seams = new NativeBuffer<float>(Shape.Stems * Shape.Channels * _stft.Chunks * _stft.SeamLength);
        _forward = Forward;
        _inverse = Inverse;
        _join = Join;
    }

    /// <summary>The engine's shapes.</summary>
    public SegmentShape Shape { get; }

    /// <summary>The engine's own description.</summary>
    public string Description => _engine.Description;

    /// <summary>What several runners of one network are together.</summary>
    public static string Describe(IReadOnlyList<SegmentRunner> runners) =>
        runners.Count == 1 ? runners[0].Description : $"{runners.Count} × {runners[^1].Description}";

    /// <summary>The threads of the transforms.</summary>
    public IWorkers Workers => _workers;

    /// <summary>One channel of the piece, to be filled before <see cref="Run"/>.</summary>
    public Span<float> Input(int channel) => new(_buffers.Waveform + (long)channel * Shape.Samples, Shape.Samples);

    /// <summary>One channel of a stem after <see cref="Run"/>; only wanted stems are complete.</summary>
    public Span<float> Output(int stem, int channel) =>
        new(_buffers.Waveforms + ((long)(stem * Shape.Channels) + channel) * Shape.Samples, Shape.Samples);

    /// <summary>Runs the network on what <see cref="Input"/> holds.</summary>
    /// <param name="stems">The wanted stems, by number.</param>
    /// <param name="cancellationToken">Stops within the network.</param>
    public void Run(int[] stems, CancellationToken cancellationToken)
    {
        _stems = stems;
        _workers.For(Shape.Channels * _stft.Chunks, _forward);
        cancellationToken.ThrowIfCancellationRequested();
        _buffers.Run(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        int planes = stems.Length * Shape.Channels;
        _workers.For(planes * _stft.Chunks, _inverse);
        _workers.For(planes, _join);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _stft.Dispose();
        (_buffers as CopiedBuffers)?.Dispose();
        _seams.Dispose();
    }

    private void Forward(int item)
    {
        (int channel, int chunk) = Math.DivRem(item, _stft.Chunks);
        _stft.Forward(
            _buffers.Waveform + (long)channel * Shape.Samples, chunk, _buffers.Spectrogram + channel * PlaneLength);
    }

    private void Inverse(int item)
    {
        (int wanted, int chunk) = Math.DivRem(item, _stft.Chunks);
        int plane = PlaneOf(wanted);
        _stft.Inverse(
            _buffers.Spectrograms + plane * PlaneLength,
            chunk,
            _buffers.Waveforms + (long)plane * Shape.Samples,
            SeamOf(plane, chunk));
    }

    private void Join(int wanted)
    {
        int plane = PlaneOf(wanted);
        for (int chunk = 0; chunk < _stft.Chunks - 1; chunk++)
        {
            _stft.AddSeam(SeamOf(plane, chunk), chunk, _buffers.Waveforms + (long)plane * Shape.Samples);
        }
    }

    private long PlaneLength => 2L * Shape.Bins * Shape.Frames;

    private int PlaneOf(int wanted) => _stems[wanted / Shape.Channels] * Shape.Channels + wanted % Shape.Channels;

    private float* SeamOf(int plane, int chunk) =>
        _seams.Data + ((long)plane * _stft.Chunks + chunk) * _stft.SeamLength;
}
