using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// An engine on onnxruntime that survives its device: a failed run is repeated once (drivers recover from a reset that
/// way), running out of memory is not, and where a replacement is allowed it takes over for good.
/// </summary>
internal sealed class ResilientEngine : ISegmentEngine
{
    private readonly Func<ISegmentEngine>? _replacement;
    private readonly Action<string> _say;
    private ISegmentEngine _engine;
    private bool _replaced, _reported;

    /// <param name="engine">Disposed with this one.</param>
    /// <param name="replacement">Makes the engine that goes on when this one fails; null to fail with it.</param>
    /// <param name="say">Told about repeats, the replacement, and which provider ran how many nodes.</param>
    public ResilientEngine(OnnxRuntimeEngine engine, Func<ISegmentEngine>? replacement, Action<string> say)
    {
        _engine = engine;
        _replacement = replacement;
        _say = say;
    }

    public SegmentShape Shape => _engine.Shape;

    public string Description => _engine.Description;

    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                _engine.Run(spectrogram, waveform, spectrograms, waveforms, cancellationToken);
                Report();
                return;
            }
            catch (OnnxRuntimeException e) when (!_replaced)
            {
                if (attempt == 0 && !e.IsOutOfMemory)
                {
                    _say($"{e.Message} Trying once more.");
                }
                else if (_replacement is null)
                {
                    throw;
                }
                else
                {
                    Replace(e);
                }
            }
        }
    }

    public void Dispose() => _engine.Dispose();

    private void Replace(OnnxRuntimeException cause)
    {
        _say($"{cause.Message} Going on with the CPU engine.");
        ISegmentEngine failed = _engine;
        _engine = _replacement!();
        _replaced = true;

        // The device's memory is given back at once.
        failed.Dispose();
    }

    private void Report()
    {
        if (_reported)
        {
            return;
        }

        _reported = true;
        if (_engine is OnnxRuntimeEngine { NodesByProvider: { } nodes })
        {
            _say($"{_engine.Description} ran {NodeCounts.Text(nodes)}.");
        }
    }
}
