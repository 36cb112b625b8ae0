using Stemsharp.Inference;

namespace Stemsharp.Vulkan;

/// <summary>A piece that the engine lends.</summary>
/// <param name="engine">Whose it is.</param>
/// <param name="piece">Its memory.</param>
/// <param name="channels">Audio channels.</param>
/// <param name="samples">Samples of each.</param>
internal sealed class PieceBuffer(VulkanEngine engine, GpuPiece piece, int channels, int samples) : IPieceBuffer
{
    /// <summary>The engine that lends it.</summary>
    public VulkanEngine Engine => engine;

    /// <summary>Its memory.</summary>
    public GpuPiece Piece => piece;

    /// <inheritdoc/>
    public int Samples => samples;

    /// <inheritdoc/>
    public IWorkers? Workers => null;

    /// <inheritdoc/>
    public Span<float> Input(int channel) => piece.Floats.Slice(channel * samples, samples);

    /// <inheritdoc/>
    public Span<float> Output(int stem, int channel) => piece.Floats.Slice((stem * channels + channel) * samples, samples);

    /// <inheritdoc/>
    public void Dispose() => engine.Return(this);
}
