using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>Buffers of a batch of pieces, in memory that the device copies from and to.</summary>
internal sealed unsafe class GpuBatch : IDisposable
{
    private readonly int _inputFloats;

    internal GpuBatch(GpuDevice device, GpuPlan plan, int pieces, int index)
    {
        _inputFloats = plan.InputFloats;
        OutputFloats = plan.OutputFloats;
        Index = index;
        try
        {
            Upload = new GpuBuffer(device, 4L * pieces * _inputFloats, GpuPlace.Upload, "pieces of sound");
            Download = new GpuBuffer(device, 4L * pieces * OutputFloats, GpuPlace.Download, "stems");
            Staging = new GpuBuffer(device, 4L * pieces * OutputFloats, GpuPlace.Device, "stems on the device");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal int Index { get; }

    internal GpuBuffer? Upload { get; }

    internal GpuBuffer? Download { get; }

    internal GpuBuffer? Staging { get; }

    /// <summary>When it is done; 0 while it is not running.</summary>
    internal ulong Due { get; set; }

    /// <summary>Floats of a piece's output in the last run: those of the wanted stems.</summary>
    internal int OutputFloats { get; set; }

    /// <summary>A piece to be filled: its channels, [A, L].</summary>
    public Span<float> Input(int piece) => new((float*)Upload!.Pointer + (long)piece * _inputFloats, _inputFloats);

    /// <summary>What became of a piece: the wanted stems' channels, [wanted · A, L].</summary>
    public Span<float> Output(int piece) => new((float*)Download!.Pointer + (long)piece * OutputFloats, OutputFloats);

    public void Dispose()
    {
        Upload?.Dispose();
        Download?.Dispose();
        Staging?.Dispose();
    }
}
