using Stemsharp.Signal;
using Stemsharp.Simd;

namespace Stemsharp.Inference;

/// <summary>
/// A session with the transform around it: STFT, network, inverse STFT of the wanted stems added to their waveforms. What the
/// session has no memory for, the mix or the stems as samples, has its own.
/// </summary>
internal sealed unsafe class SpectralPiece : IPieceBuffer
{
    private readonly INetworkSession _session;
    private readonly Stft? _transform;
    private readonly NativeBuffer<float>? _ownMix, _ownStems, _seams;
    private readonly Action<int> _forward, _inverse, _join, _clear;
    private readonly float* _mix, _stems;
    private readonly int _channels, _planeLength;
    private int[] _wanted = [];

    public SpectralPiece(SpectralEngine owner, NetworkDefinition definition, INetworkSession session, Stft? transform, IWorkers workers, int samples)
    {
        Owner = owner;
        Workers = workers;
        Samples = samples;
        _session = session;
        _channels = definition.Channels;
        int planes = definition.Stems.Length * _channels;
        bool spectral = session.Input(PortRole.Spectrogram) != null || session.Output(PortRole.Spectrogram) != null;
        _transform = spectral ? transform ?? throw new InvalidOperationException("A network with spectrograms has a transform.") : null;
        _mix = session.Input(PortRole.Waveform);
        if (_mix == null)
        {
            _ownMix = new NativeBuffer<float>(_channels * samples);
            _mix = _ownMix.Data;
        }

        _stems = session.Output(PortRole.Waveform);
        if (_stems == null)
        {
            _ownStems = new NativeBuffer<float>(planes * samples);
            _stems = _ownStems.Data;
        }

        if (_transform is not null)
        {
            _planeLength = 2 * _transform.Bins * _transform.Frames;
            _seams = new NativeBuffer<float>(Math.Max(1L, (long)planes * _transform.Chunks * _transform.SeamLength));
        }

        _forward = Forward;
        _inverse = Inverse;
        _join = Join;
        _clear = ClearPlane;
    }

    /// <summary>Who lent it.</summary>
    public SpectralEngine Owner { get; }

    /// <summary>The threads of the transforms.</summary>
    public IWorkers Workers { get; }

    IWorkers? IPieceBuffer.Workers => Workers;

    /// <inheritdoc/>
    public int Samples { get; }

    /// <inheritdoc/>
    public Span<float> Input(int channel) => new(_mix + (long)channel * Samples, Samples);

    /// <inheritdoc/>
    public Span<float> Output(int stem, int channel) => new(Plane(stem * _channels + channel), Samples);

    /// <summary>The session whose run takes this piece along.</summary>
    public INetworkSession Leader => _session.Leader;

    /// <summary>Runs the network on what the inputs of pieces hold.</summary>
    /// <param name="pieces">The pieces: those of a leader go through the network together.</param>
    /// <param name="stems">The wanted stems, by number.</param>
    /// <param name="cancellationToken">Stops within the network.</param>
    public static void Run(IReadOnlyList<SpectralPiece> pieces, int[] stems, CancellationToken cancellationToken)
    {
        foreach (SpectralPiece piece in pieces)
        {
            piece.Before(stems);
        }

        INetworkSession? before = null;
        foreach (SpectralPiece piece in pieces)
        {
            if (piece.Leader != before)
            {
                cancellationToken.ThrowIfCancellationRequested();
                piece.Leader.Run(cancellationToken);
                before = piece.Leader;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        foreach (SpectralPiece piece in pieces)
        {
            piece.After(stems);
        }
    }

    /// <summary>Goes once through transforms and network, for their code to be compiled.</summary>
    /// <param name="stems">The wanted stems, by number.</param>
    public void Rehearse(int[] stems)
    {
        _wanted = stems;
        if (_session.Input(PortRole.Spectrogram) != null)
        {
            Forward(0);
        }

        _session.Rehearse();
        if (_session.Output(PortRole.Spectrogram) != null)
        {
            Inverse(0);
            Join(0);
        }
    }

    /// <summary>Gives the lease back.</summary>
    public void Dispose() => Owner.Return(this);

    /// <summary>Gives the memory back; the session is its runtime's.</summary>
    public void Free()
    {
        _ownMix?.Dispose();
        _ownStems?.Dispose();
        _seams?.Dispose();
    }

    private void Before(int[] stems)
    {
        _wanted = stems;
        if (_session.Input(PortRole.Spectrogram) != null)
        {
            Workers.For(_channels * _transform!.Chunks, _forward);
        }
    }

    private void After(int[] stems)
    {
        if (_session.Output(PortRole.Spectrogram) == null)
        {
            return;
        }

        int planes = stems.Length * _channels;
        if (_ownStems is not null)
        {
            Workers.For(planes, _clear);
        }

        Workers.For(planes * _transform!.Chunks, _inverse);
        Workers.For(planes, _join);
    }

    private void Forward(int item)
    {
        (int channel, int chunk) = Math.DivRem(item, _transform!.Chunks);
        _transform.Forward(_mix + (long)channel * Samples, chunk, _session.Input(PortRole.Spectrogram) + (long)channel * _planeLength);
    }

    private void Inverse(int item)
    {
        (int wanted, int chunk) = Math.DivRem(item, _transform!.Chunks);
        int plane = PlaneOf(wanted);
        _transform.Inverse(_session.Output(PortRole.Spectrogram) + (long)plane * _planeLength, chunk, Plane(plane), SeamOf(plane, chunk));
    }

    private void Join(int wanted)
    {
        int plane = PlaneOf(wanted);
        for (int chunk = 0; chunk < _transform!.Chunks - 1; chunk++)
        {
            _transform.AddSeam(SeamOf(plane, chunk), chunk, Plane(plane));
        }
    }

    private void ClearPlane(int wanted) => new Span<float>(Plane(PlaneOf(wanted)), Samples).Clear();

    private int PlaneOf(int wanted) => _wanted[wanted / _channels] * _channels + wanted % _channels;

    private float* Plane(int plane) => _stems + (long)plane * Samples;

    private float* SeamOf(int plane, int chunk) => _seams!.Data + ((long)plane * _transform!.Chunks + chunk) * _transform.SeamLength;
}
