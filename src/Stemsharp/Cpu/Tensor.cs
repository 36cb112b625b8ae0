using Stemsharp.Graph;

namespace Stemsharp.Cpu;

/// <summary>
/// A stretch of the arena that holds a value: channels of dense positions, each channel starting on a cache
/// line. Readers may load up to 47 floats past a channel's end.
/// </summary>
internal sealed class Tensor
{
    /// <summary>Floats that readers may touch behind the last channel.</summary>
    public const int Slack = 64;

    private Tensor? _alias;
    private long _offset = -1;

    /// <param name="name">For the plan's text.</param>
    /// <param name="shape">The value's shape.</param>
    /// <param name="dense">Channels without a gap between them: the engine's inputs and outputs.</param>
    public Tensor(string name, Shape shape, bool dense = false)
        : this(name, shape.Channels, shape.Positions)
    {
        Shape = shape;
        if (dense)
        {
            Stride = Positions;
        }
    }

    public Tensor(string name, int channels, int positions)
    {
        Name = name;
        Channels = channels;
        Positions = positions;
        // An odd number of cache lines: with an even one, and most of all with a power of two in it, the
        // channels of one position would fall into the same few sets of the caches and evict each other.
        Stride = ((positions + 15) / 16 | 1) * 16;
        Shape = new Shape(channels, positions);
    }

    public string Name { get; }

    public Shape Shape { get; }

    public int Channels { get; }

    /// <summary>Positions per channel.</summary>
    public int Positions { get; }

    /// <summary>Floats from one channel to the next.</summary>
    public int Stride { get; }

    public long Floats => (long)Channels * Stride + Slack;

    /// <summary>First and last step that touch it.</summary>
    public int First { get; set; } = int.MaxValue;

    public int Last { get; set; } = -1;

    /// <summary>The tensor whose memory this one overwrites; itself when it has its own.</summary>
    public Tensor Root => _alias?.Root ?? this;

    /// <summary>Where its memory starts, in floats from the arena's start.</summary>
    public long Offset
    {
        get => Root._offset;
        set => _offset = value;
    }

    /// <summary>Shares the memory of <paramref name="other"/>, whose value is dead once this one is written.</summary>
    public void Overwrite(Tensor other)
    {
        _alias = other.Root;
        other.Root.First = Math.Min(other.Root.First, First);
        other.Root.Last = Math.Max(other.Root.Last, Last);
    }
}
