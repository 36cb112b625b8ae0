using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <summary>How the positions of a value with rows lie in a tensor's channels.</summary>
internal enum RowLayout
{
    /// <summary>One after the other, as the graph counts them.</summary>
    Dense,

    /// <summary>Each row starts at a multiple of 16 positions; between rows are numbers without a meaning, which are finite.</summary>
    Aligned,

    /// <summary>The same with rows and positions exchanged: a row of the tensor is a position of all rows of the value.</summary>
    Turned,
}

/// <summary>
/// A stretch of a piece's arena that holds a value: channels of dense positions, each channel starting at a multiple of
/// 16 elements. Kernels may read, never write, past a channel's end.
/// </summary>
internal sealed class GpuTensor
{
    /// <summary>Elements that readers may touch behind the last channel: a tile's columns.</summary>
    public const int Slack = 1024;

    private GpuTensor? _over;
    private int _offset = -1;

    /// <param name="name">For the plan's text.</param>
    /// <param name="shape">Channels, and positions as rows of a length.</param>
    /// <param name="isHalf">Whether it is stored in 16 bits.</param>
    /// <param name="layout">How the value's positions lie in it.</param>
    public GpuTensor(string name, Shape shape, bool isHalf = false, RowLayout layout = RowLayout.Dense)
    {
        Name = name;
        Shape = shape;
        IsHalf = isHalf;
        Layout = layout;
        Pitch = (shape.Positions + 15) / 16 * 16;
    }

    public string Name { get; }

    public Shape Shape { get; }

    public bool IsHalf { get; }

    public RowLayout Layout { get; }

    /// <summary>Elements from one channel to the next.</summary>
    public int Pitch { get; }

    public int Channels => Shape.Channels;

    public int Positions => Shape.Positions;

    /// <summary>Room in the arena, in floats.</summary>
    public long Floats => ((long)Channels * Pitch + Slack + (IsHalf ? 1 : 0)) / (IsHalf ? 2 : 1);

    /// <summary>What it holds, in bytes.</summary>
    public long Bytes => (long)Channels * Positions * (IsHalf ? 2 : 4);

    /// <summary>First and last step that touch it.</summary>
    public int First { get; set; } = int.MaxValue;

    public int Last { get; set; } = -1;

    /// <summary>The tensor whose memory this one overwrites; itself when it has its own.</summary>
    public GpuTensor Root => _over?.Root ?? this;

    /// <summary>Where it starts, in floats from the arena's start.</summary>
    public int Offset
    {
        get => Root._offset;
        set => _offset = value;
    }

    /// <summary>Where it starts, in its own elements.</summary>
    public int ElementOffset => IsHalf ? checked(Offset * 2) : Offset;

    /// <summary>Shares the memory of <paramref name="other"/>, whose value is dead once this one is written.</summary>
    public void Overwrite(GpuTensor other) => _over = other.Root;
}
