using System.Runtime.CompilerServices;

namespace Stemsharp.Inference;

/// <summary>One piece of music through an engine: for those who judge engines and exports.</summary>
internal static class PieceTrial
{
    /// <summary>What an engine makes of a mix.</summary>
    /// <param name="engine">The engine; it is prepared for the mix's length.</param>
    /// <param name="definition">The network's.</param>
    /// <param name="mix">[C, L], of a length L that the network takes.</param>
    /// <param name="cancellationToken">Stops within the network.</param>
    /// <returns>All stems, [S, C, L].</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float[] Run(IEngine engine, NetworkDefinition definition, ReadOnlySpan<float> mix, CancellationToken cancellationToken)
    {
        int channels = definition.Channels, samples = mix.Length / channels;
        engine.Prepare(samples, 1);
        using IPieceBuffer piece = engine.Lease()!;
        for (int c = 0; c < channels; c++)
        {
            mix.Slice(c * samples, samples).CopyTo(piece.Input(c));
        }

        engine.RunAsync([piece], [.. Enumerable.Range(0, definition.Stems.Length)], cancellationToken).GetAwaiter().GetResult();
        float[] stems = new float[definition.Stems.Length * channels * samples];
        for (int row = 0; row < definition.Stems.Length * channels; row++)
        {
            piece.Output(row / channels, row % channels).CopyTo(stems.AsSpan(row * samples));
        }

        return stems;
    }
}
