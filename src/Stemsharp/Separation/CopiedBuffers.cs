using Stemsharp.Inference;
using Stemsharp.Simd;

namespace Stemsharp.Separation;

/// <summary>Buffers beside an engine that has none of its own to lend.</summary>
internal sealed unsafe class CopiedBuffers(ISegmentEngine engine) : ISegmentBuffers, IDisposable
{
    private readonly NativeBuffer<float> _spectrogram = new(engine.Shape.SpectrogramLength), _waveform = new(engine.Shape.WaveformLength);
    private readonly NativeBuffer<float> _spectrograms = new(engine.Shape.SpectrogramsLength), _waveforms = new(engine.Shape.WaveformsLength);

    public float* Spectrogram => _spectrogram.Data;

    public float* Waveform => _waveform.Data;

    public float* Spectrograms => _spectrograms.Data;

    public float* Waveforms => _waveforms.Data;

    public void Run(CancellationToken cancellationToken) =>
        engine.Run(_spectrogram.Span, _waveform.Span, _spectrograms.Span, _waveforms.Span, cancellationToken);

    public void Dispose()
    {
        _spectrogram.Dispose();
        _waveform.Dispose();
        _spectrograms.Dispose();
        _waveforms.Dispose();
    }
}
