using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// A short-time Fourier transform and its inverse for signals of one length: L samples there, L' back, T frames of F bins. A
/// spectrogram is [2, F, T], real then imaginary parts.
/// </summary>
/// <remarks>
/// The work is cut into chunks of frames that do not depend on each other, so that the caller can spread them over
/// threads; the cut is fixed, hence so are the bits. Safe for use from several threads. Nothing is allocated once each thread has
/// had its first chunk.
/// </remarks>
internal abstract unsafe class Stft : IDisposable
{
    /// <summary>Frames per chunk: a multiple of every vector's lanes, small enough to keep many threads busy.</summary>
    public const int ChunkFrames = 48;

    private readonly ScratchPool _scratch;

    /// <param name="definition">What it computes; valid.</param>
    /// <param name="samples">Samples L, enough for a frame.</param>
    /// <param name="scratchBytes">Scratch memory that one caller needs.</param>
    protected Stft(TransformDefinition definition, int samples, long scratchBytes)
    {
        Definition = definition;
        Samples = samples;
        OutputSamples = definition.OutputSamples(samples);
        Frames = definition.Frames(samples);
        Chunks = (Frames + ChunkFrames - 1) / ChunkFrames;
        _scratch = new ScratchPool(scratchBytes);
    }

    /// <summary>What it computes.</summary>
    public TransformDefinition Definition { get; }

    /// <summary>Samples L that go in.</summary>
    public int Samples { get; }

    /// <summary>Samples L' that come back.</summary>
    public int OutputSamples { get; }

    /// <summary>Hop between frames.</summary>
    public int Hop => Definition.Hop;

    /// <summary>Bins F.</summary>
    public int Bins => Definition.Bins;

    /// <summary>Frames T.</summary>
    public int Frames { get; }

    /// <summary>How many pieces each transform of one channel is cut into.</summary>
    public int Chunks { get; }

    /// <summary>Floats that <see cref="Inverse"/> leaves for <see cref="AddSeam"/>; 0 where frames do not overlap.</summary>
    public int SeamLength => Definition.Nfft - Hop;

    /// <summary>The fastest transform of a definition, on this process's instruction set.</summary>
    /// <param name="definition">What to compute.</param>
    /// <param name="samples">Samples L, at least 1.</param>
    /// <exception cref="ModelException">The definition is not valid, or not for so few samples.</exception>
    public static Stft Create(TransformDefinition definition, int samples) => Create(definition, samples, SimdTier.Chosen);

    /// <param name="definition">What to compute.</param>
    /// <param name="samples">Samples L, at least 1.</param>
    /// <param name="tier">The instruction set.</param>
    /// <inheritdoc cref="Create(TransformDefinition, int)"/>
    internal static Stft Create(TransformDefinition definition, int samples, SimdTier tier)
    {
        definition.Validate();
        if (definition.Frames(samples) < 1)
        {
            throw new ModelException($"{samples} samples are too few for a transform with n_fft = {definition.Nfft}, a hop of {definition.Hop} and {definition.DroppedFrames} dropped frames at each end: no frame is left.");
        }

        // All windows overlap from the start of the last one that the first sample needs, to the end of the first that no longer is there.
        int first = definition.OutputStart + definition.Nfft / 2;
        int overlapped = (definition.Frames(samples) + 2 * definition.DroppedFrames) * definition.Hop;
        if (definition.Envelope == TransformEnvelope.Constant
            && (first < definition.Nfft - definition.Hop || overlapped < first + definition.OutputSamples(samples)))
        {
            throw new ModelException($"A constant envelope is not supported where fewer windows overlap, as at the ends of {samples} samples with {definition.DroppedFrames} dropped frames; the real envelope is.");
        }

        return SegmentStft.Computes(definition)
            ? new SegmentStft(definition.Nfft, samples, tier)
            : new DefinedStft(definition, samples, tier);
    }

    /// <summary>Transforms one chunk of one channel.</summary>
    /// <param name="waveform">[L].</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 1.</param>
    /// <param name="spectrogram">[2, F, T]; the chunk's frames are overwritten.</param>
    public void Forward(float* waveform, int chunk, float* spectrogram)
    {
        NativeBuffer<byte> scratch = _scratch.Rent();
        (int begin, int end) = FramesOf(chunk);
        ForwardFrames(waveform, begin, end, spectrogram, scratch.Data);
        _scratch.Return(scratch);
    }

    /// <summary>
    /// Transforms one chunk of one channel back and adds it to a waveform. What reaches into the next chunk's
    /// samples is left in the seam.
    /// </summary>
    /// <param name="spectrogram">[2, F, T].</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 1.</param>
    /// <param name="waveform">[L'], added to.</param>
    /// <param name="seam"><see cref="SeamLength"/> floats of this chunk and channel; untouched by the last chunk.</param>
    public void Inverse(float* spectrogram, int chunk, float* waveform, float* seam)
    {
        NativeBuffer<byte> scratch = _scratch.Rent();
        (int begin, int end) = FramesOf(chunk);
        InverseFrames(spectrogram, begin, end, waveform, chunk == Chunks - 1 ? null : seam, scratch.Data);
        _scratch.Return(scratch);
    }

    /// <summary>Adds what a chunk left over to the samples of the chunks after it, when all are done.</summary>
    /// <param name="seam">The chunk's seam.</param>
    /// <param name="chunk">0 … <see cref="Chunks"/> − 2.</param>
    /// <param name="waveform">[L'], added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddSeam(float* seam, int chunk, float* waveform)
    {
        int start = OutputPosition(FramesOf(chunk).End);
        int end = Math.Min(start + SeamLength, OutputSamples);
        for (int i = Math.Max(start, 0); i < end; i++)
        {
            waveform[i] += seam[i - start];
        }
    }

    public virtual void Dispose() => _scratch.Dispose();

    /// <summary>Transforms frames.</summary>
    protected abstract void ForwardFrames(float* waveform, int begin, int end, float* spectrogram, byte* scratch);

    /// <summary>Transforms frames back; what reaches beyond the last one's hop goes into the seam, or with null to the waveform too.</summary>
    protected abstract void InverseFrames(float* spectrogram, int begin, int end, float* waveform, float* seam, byte* scratch);

    /// <summary>Where a frame's first sample lies in the output; may be outside.</summary>
    protected int OutputPosition(int frame) =>
        (frame + Definition.DroppedFrames) * Hop - Definition.Nfft / 2 - Definition.OutputStart;

    private (int Begin, int End) FramesOf(int chunk) =>
        (chunk * ChunkFrames, Math.Min((chunk + 1) * ChunkFrames, Frames));
}
