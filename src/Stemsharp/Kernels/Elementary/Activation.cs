using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Elementary;

/// <summary>A function of one value, given as a type so that it is compiled into the loop that uses it.</summary>
internal interface IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    static abstract V Apply(V x);
}

internal readonly struct Identity<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => x;
}

internal readonly struct Gelu<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => VectorMath<TIsa, V>.Gelu(x);
}

/// <summary>The same function to the last bits.</summary>
internal readonly struct PreciseGelu<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => VectorMath<TIsa, V>.PreciseGelu(x);
}

internal readonly struct Tanh<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => VectorMath<TIsa, V>.Tanh(x);
}

/// <summary>x·σ(x).</summary>
internal readonly struct Silu<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => TIsa.Multiply(x, VectorMath<TIsa, V>.Sigmoid(x));
}

internal readonly struct Relu<TIsa, V> : IActivation<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V x) => TIsa.Max(x, TIsa.Broadcast(0f));
}
