namespace Stemsharp.Inference;

/// <summary>
/// A segment's inputs and outputs in an engine's own memory, so that they exist once. All are dense, row-major,
/// channels first, in the shapes of <see cref="SegmentShape"/>. The inputs may share memory with the outputs:
/// to fill an input ends the life of the last run's outputs, and a run ends the life of its inputs.
/// </summary>
internal unsafe interface ISegmentBuffers
{
    /// <summary>[2·C, F, T], to be filled before a run.</summary>
    float* Spectrogram { get; }

    /// <summary>[C, L], to be filled before a run.</summary>
    float* Waveform { get; }

    /// <summary>[S·2·C, F, T] after a run.</summary>
    float* Spectrograms { get; }

    /// <summary>[S·C, L] after a run; callers may add to it.</summary>
    float* Waveforms { get; }

    /// <summary>Runs the network.</summary>
    /// <param name="cancellationToken">Stops within the segment; the outputs are then undefined.</param>
    void Run(CancellationToken cancellationToken);
}
