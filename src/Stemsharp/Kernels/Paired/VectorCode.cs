using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using CallingConvention = Stemsharp.MachineCode.CallingConvention;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// The functions of <see cref="VectorPairs"/> as machine code: .NET has no name for the instructions that multiply pairs of bfloat16
/// (AVX512_BF16). Each takes the address of a <see cref="VectorCall"/>, calls nothing, leaves the stack alone and is through in about a
/// microsecond, so that it may be called without telling the collector.
/// </summary>
internal static class VectorCode
{
    // Three vectors a row of a tile: 24 sums, three vectors of the panel, one weight for all lanes.
    private const int Vectors = Tile.Columns / 16, Panel = Tile.Rows * Vectors, Weight = Panel + Vectors;

    private const int VectorBytes = 64, PanelBytes = Tile.Columns * sizeof(uint), WeightBytes = Tile.Rows * sizeof(uint);

    private const Register First = Register.Rax, Second = Register.Rdx, Target = Register.R8, Count = Register.R9;

    /// <summary>
    /// tile [8][48] = weights [pairs][8] transposed · panel [pairs][48], or added to the tile: vdpbf16ps over the pairs in their order,
    /// from zero.
    /// </summary>
    /// <param name="convention">How it will be called.</param>
    /// <param name="accumulate">Whether to add to the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte[] Product(CallingConvention convention, bool accumulate)
    {
        Assembler code = new();
        Enter(code, convention);
        for (int z = 0; z < Panel; z++)
        {
            code.Clear(z);
        }

        int loop = code.Position;
        for (int i = 0; i < Vectors; i++)
        {
            code.LoadVector(Panel + i, Second, i * VectorBytes);
        }

        for (int row = 0; row < Tile.Rows; row++)
        {
            code.Broadcast(Weight, First, row * sizeof(uint));
            for (int i = 0; i < Vectors; i++)
            {
                code.PairProduct(row * Vectors + i, Weight, Panel + i);
            }
        }

        code.Add(First, WeightBytes);
        code.Add(Second, PanelBytes);
        code.Subtract(Count, 1);
        code.JumpIfNotZero(loop);
        for (int z = 0; z < Panel; z++)
        {
            if (accumulate)
            {
                code.AddFrom(z, z, Target, z * VectorBytes);
            }

            code.StoreVector(Target, z * VectorBytes, z);
        }

        Leave(code, convention);
        return code.Code;
    }

    /// <summary>Rows of 48 singles, two and two, as rows of 48 pairs; also over themselves.</summary>
    /// <param name="convention">How it will be called.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte[] Round(CallingConvention convention)
    {
        const int order = 3;
        Assembler code = new();
        Enter(code, convention);
        code.LoadVector(order, Second, 0);
        int loop = code.Position;
        for (int i = 0; i < Vectors; i++)
        {
            code.LoadVector(i, First, PanelBytes + i * VectorBytes);
            code.Round(i, i, First, i * VectorBytes);
            code.PermuteWords(i, order, i);
            code.StoreVector(Target, i * VectorBytes, i);
        }

        code.Add(First, 2 * PanelBytes);
        code.Add(Target, PanelBytes);
        code.Subtract(Count, 1);
        code.JumpIfNotZero(loop);
        Leave(code, convention);
        return code.Code;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Enter(Assembler code, CallingConvention convention)
    {
        code.Load(First, convention.Argument, (int)Marshal.OffsetOf<VectorCall>(nameof(VectorCall.First)));
        code.Load(Second, convention.Argument, (int)Marshal.OffsetOf<VectorCall>(nameof(VectorCall.Second)));
        code.Load(Target, convention.Argument, (int)Marshal.OffsetOf<VectorCall>(nameof(VectorCall.Target)));
        code.Load(Count, convention.Argument, (int)Marshal.OffsetOf<VectorCall>(nameof(VectorCall.Pairs)));
        for (int i = 0; i < convention.KeptCount; i++)
        {
            code.StoreQuarter(convention.Argument, KeptAt(i), convention.FirstKept + i);
        }
    }

    // Registers first: vzeroupper leaves their low 16 bytes alone.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Leave(Assembler code, CallingConvention convention)
    {
        for (int i = 0; i < convention.KeptCount; i++)
        {
            code.LoadQuarter(convention.FirstKept + i, convention.Argument, KeptAt(i));
        }

        code.Return();
    }

    private static int KeptAt(int index) => (int)Marshal.OffsetOf<VectorCall>(nameof(VectorCall.Kept)) + index * Vector128<byte>.Count;
}

/// <summary>What a function is called with.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VectorCall
{
    /// <summary>A product's weights, or the rows to be rounded.</summary>
    public void* First;

    /// <summary>A product's panel, or the order in which rounded numbers become pairs.</summary>
    public void* Second;

    /// <summary>The tile, or the pairs.</summary>
    public void* Target;

    /// <summary>How many pairs, at least 1.</summary>
    public nint Pairs;

    /// <summary>Room for what a function has to leave as it was.</summary>
    public fixed byte Kept[160];
}
