using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Stemsharp.Kernels.Gemm;
using Stemsharp.MachineCode;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// Products of bfloat16 numbers with sums in single precision, on the strips, panels and tiles of <see cref="Tile"/>. Two neighbours in
/// depth lie side by side as a pair of 32 bits, the even one in the low half; an odd depth ends with a zero. Panels are [pairs][48]; how
/// strips of weights lie is each kind's own.
/// </summary>
internal abstract unsafe class PairKernels
{
    private static readonly Lazy<(PairKernels[] Kernels, string Refusal, string WhyNoTiles)> s_native = new(Find);

    /// <summary>
    /// Those of this processor, the best first; none where it has none, where the system refuses code made at run time, or where a trial
    /// failed.
    /// </summary>
    public static IReadOnlyList<PairKernels> All => s_native.Value.Kernels;

    /// <summary>The best of this processor, or null.</summary>
    public static PairKernels? Native => All.Count > 0 ? All[0] : null;

    /// <summary>Why there is no <see cref="Native"/>, as a part of a sentence; empty where there is.</summary>
    public static string Refusal => s_native.Value.Refusal;

    /// <summary>Why <see cref="Native"/> are not those of tiles, as a part of a sentence; empty where they are.</summary>
    public static string WhyNoTiles => s_native.Value.WhyNoTiles;

    /// <summary>Whether this processor multiplies pairs of bfloat16 (CPUID 7.1: AVX512_BF16), and the system keeps its registers.</summary>
    public static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported
        && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;

    /// <summary>Pairs for a depth.</summary>
    public static int Pairs(int depth) => (depth + 1) / 2;

    /// <summary>The instructions.</summary>
    public abstract string Name { get; }

    /// <summary>Strips of weights that one <see cref="Multiply"/> takes at most.</summary>
    public abstract int StripsAtOnce { get; }

    /// <summary>Channels that a head of attention has a multiple of, so that its keys can be packed on the way.</summary>
    public abstract int HeadUnit { get; }

    /// <summary>
    /// What multiplies as three products of bfloat16 (high times high, and both mixed ones), whose error is a 2⁻¹⁶th, faster than single
    /// precision does; null where it would not.
    /// </summary>
    public virtual PairKernels? Threefold => null;

    /// <summary>Whether functions run on threads with <see cref="SignalStack"/>s of their own only.</summary>
    public virtual bool WantsOwnThreads => false;

    /// <summary>Words of 32 bits that so many strips take.</summary>
    /// <param name="strips">Strips of <see cref="Tile.Rows"/> rows.</param>
    /// <param name="pairs">Their depth.</param>
    public abstract long Words(int strips, int pairs);

    /// <summary>Where a part of a strip begins, in words.</summary>
    /// <param name="strip">The strip.</param>
    /// <param name="pair">The part's first pair, a multiple of 16.</param>
    /// <param name="pairs">The strips' depth.</param>
    public abstract nint At(int strip, int pair, int pairs);

    /// <summary>Packs a strip of weights.</summary>
    /// <param name="rows">[8][2·pairs], dense; zeros where a row or a depth ends.</param>
    /// <param name="strip">Which strip.</param>
    /// <param name="pairs">The depth.</param>
    /// <param name="weights">As many words as <see cref="Words"/> says, zero at first.</param>
    public abstract void Pack(float* rows, int strip, int pairs, uint* weights);

    /// <summary>tiles [strips][8][48] = strips · panel for some panels, or added to the tiles.</summary>
    /// <param name="weights">Strips, by <see cref="At"/>; the first a multiple of <see cref="StripsAtOnce"/>.</param>
    /// <param name="strips">How many, at most <see cref="StripsAtOnce"/>.</param>
    /// <param name="panels">The first panel, as <see cref="Round"/> leaves it; the others follow at <paramref name="panelStride"/> words.</param>
    /// <param name="panelStride">Words from panel to panel.</param>
    /// <param name="count">How many panels, at least 1.</param>
    /// <param name="pairs">The depth, at least 1.</param>
    /// <param name="tiles">The first panel's tiles; the others' follow at <paramref name="tileStride"/> floats.</param>
    /// <param name="tileStride">Floats from tiles to tiles.</param>
    /// <param name="accumulate">Whether to add to the tiles.</param>
    public abstract void Multiply(uint* weights, int strips, uint* panels, nint panelStride, int count, nint pairs, float* tiles, nint tileStride, bool accumulate);

    /// <summary>Makes rows of 48 singles, two and two, rows of pairs.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many; behind an odd one a row of zeros is taken.</param>
    /// <param name="pairs">Room for them; may begin where the rows begin.</param>
    public abstract void Round(float* rows, int count, uint* pairs);

    /// <summary>Makes code callable, or tells why not.</summary>
    internal delegate byte* Publisher(ReadOnlySpan<byte> code, out string refusal);

    /// <summary>Makes functions callable together, each on a cache line's border.</summary>
    /// <returns>Their addresses; empty where that is refused.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected static nint[] Publish(Publisher publish, byte[][] functions, out string refusal)
    {
        byte[] all = new byte[functions.Sum(f => Aligned(f.Length))];
        nint[] addresses = new nint[functions.Length];
        int at = 0;
        for (int i = 0; i < functions.Length; at += Aligned(functions[i].Length), i++)
        {
            functions[i].CopyTo(all, at);
            addresses[i] = at;
        }

        byte* code = publish(all, out refusal);
        return code is null ? [] : [.. addresses.Select(a => (nint)code + a)];

        static int Aligned(int length) => (length + 63) / 64 * 64;
    }

    // Tiles where nothing stands against them and no narrower instructions have been asked for.
    private static (PairKernels[], string, string) Find()
    {
        (VectorPairs? vectors, string refusal) = VectorPairs.Make(IsSupported, ExecutableMemory.Publish);
        if (vectors is null)
        {
            return ([], refusal, refusal);
        }

        string? absence = SimdTier.IsAsked ? $"{SimdTier.Variable} keeps it from tiles (AMX)" : MatrixTiles.Permit();
        (TilePairs? tiles, string whyNoTiles) = TilePairs.Make(vectors, absence, ExecutableMemory.Publish);
        return tiles is null ? ([vectors], "", whyNoTiles) : ([tiles, vectors], "", "");
    }
}
