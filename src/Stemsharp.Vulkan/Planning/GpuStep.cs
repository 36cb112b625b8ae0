using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <summary>A number that a kernel gets with its launch: a constant, or where a tensor will lie.</summary>
internal readonly record struct PushValue(int Value, GpuTensor? Tensor = null)
{
    public static implicit operator PushValue(int value) => new(value);

    public static implicit operator PushValue(GpuTensor? tensor) => new(0, tensor);

    public static PushValue Of(float value) => new(BitConverter.SingleToInt32Bits(value));

    /// <summary>The number, once the arena is laid out.</summary>
    public int Resolve() => Value + (Tensor?.ElementOffset ?? 0);
}

/// <summary>One launch of a kernel over all pieces.</summary>
internal sealed class GpuStep(string name, string text, KernelKey kernel, PushValue[] push, int x, int y)
{
    public string Name { get; } = name;

    /// <summary>What it does, for people.</summary>
    public string Text { get; } = text;

    public KernelKey Kernel { get; set; } = kernel;

    /// <summary>What follows the two addresses and the distance of pieces.</summary>
    public PushValue[] Push { get; } = push;

    /// <summary>Workgroups; the third dimension is the pieces.</summary>
    public int X { get; set; } = x;

    public int Y { get; set; } = y;

    public required GpuTensor[] Reads { get; init; }

    public required GpuTensor[] Writes { get; init; }

    /// <summary>The model's own floating-point operations of one piece.</summary>
    public long Flops { get; set; }

    /// <summary>What the product of a step executes for one piece, its padding counted; 0 where it is none.</summary>
    public long ProductFlops { get; init; }

    /// <summary>Floating-point operations of one piece that are executed.</summary>
    public long ExecutedFlops => ProductFlops > 0 ? ProductFlops : Flops;

    /// <summary>Bytes of one piece that it reads and writes at least, weights not counted.</summary>
    public long Bytes => Reads.Concat(Writes).Sum(t => t.Bytes);

    /// <summary>Bytes of weights.</summary>
    public long WeightBytes { get; set; }

    /// <summary>Exchanges a product's tile.</summary>
    public void UseTile(ProductTile tile, GpuTraits traits, bool mixed)
    {
        Kernel = ProductKernel.Key(tile, Product!, traits, mixed);
        X = (Product!.M + tile.BM - 1) / tile.BM;
        Y = Product.Groups * ((Product.Columns + tile.BN - 1) / tile.BN);
    }

    /// <summary>The product's shape, for those who choose tiles; null for other steps, and where the tile is part of the numbers.</summary>
    public ProductShape? Product { get; init; }
}

/// <summary>
/// A product's rows, columns and terms, the channels of its operand, how it is made, and how many of at most this size are side by
/// side: what a tile is chosen by.
/// </summary>
internal sealed record ProductShape(int M, int Columns, int K, int Channels, ProductLoader Loader, ProductEpilogue Epilogue, int Types, int Groups = 1);
