using Stemsharp.Inference;

namespace Stemsharp.ToyBackend;

/// <summary>One piece at a time, on the caller's thread.</summary>
internal sealed class EqualShareEngine(NetworkDefinition definition) : IEngine
{
    private Buffer? _buffer;
    private bool _isLeased;

    public EngineIdentity Identity { get; } = new("equal-share", "none", EnginePrecision.Fp32);

    public string Description => "equal-share";

    public int PiecesPerRun => 1;

    public int RunsAtOnce => 1;

    public bool IsReproducible => true;

    public long HostBytes => _buffer is null ? 0 : sizeof(float) * (long)_buffer.Samples * definition.Channels * (1 + definition.Stems.Length);

    public void Prepare(int samples, long pieces)
    {
        if (_buffer?.Samples != samples)
        {
            _buffer = new Buffer(this, definition, samples);
        }
    }

    public IPieceBuffer? Lease()
    {
        if (_buffer is null || _isLeased)
        {
            return null;
        }

        _isLeased = true;
        return _buffer;
    }

    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        IPieceBuffer piece = pieces[0];
        foreach (int stem in stems)
        {
            for (int channel = 0; channel < definition.Channels; channel++)
            {
                Span<float> mix = piece.Input(channel), share = piece.Output(stem, channel);
                for (int i = 0; i < share.Length; i++)
                {
                    share[i] = mix[i] / definition.Stems.Length;
                }
            }
        }

        return Task.CompletedTask;
    }

    public void Dispose() => _buffer = null;

    private sealed class Buffer(EqualShareEngine owner, NetworkDefinition definition, int samples) : IPieceBuffer
    {
        private readonly float[] _mix = new float[definition.Channels * samples];
        private readonly float[] _stems = new float[definition.Stems.Length * definition.Channels * samples];

        public int Samples => samples;

        public IWorkers? Workers => null;

        public Span<float> Input(int channel) => _mix.AsSpan(channel * samples, samples);

        public Span<float> Output(int stem, int channel) => _stems.AsSpan((stem * definition.Channels + channel) * samples, samples);

        public void Dispose() => owner._isLeased = false;
    }
}
