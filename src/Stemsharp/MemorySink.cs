using System.Runtime.CompilerServices;

namespace Stemsharp;

/// <summary>Keeps all stems in memory.</summary>
internal sealed class MemorySink : IStemSink
{
    private float[][] _mix = [];
    private float[][][] _stems = [];

    public void Begin(SeparationInfo info)
    {
        if (info.Length > Array.MaxLength)
        {
            throw new OptionException(
                $"{info.Duration} of audio do not fit into arrays; take its stems block by block with StreamAsync or a sink.");
        }

        _mix = Channels(info);
        _stems = [.. info.Stems.Select(_ => Channels(info))];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(StemBlock block)
    {
        for (int c = 0; c < _mix.Length; c++)
        {
            block.Mix(c).CopyTo(_mix[c].AsSpan((int)block.Start));
            for (int s = 0; s < _stems.Length; s++)
            {
                block.Stem(s, c).CopyTo(_stems[s][c].AsSpan((int)block.Start));
            }
        }
    }

    public SeparationResult Result(SeparationSummary summary, ResultOrigin origin) => new(summary, origin, _mix, _stems);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[][] Channels(SeparationInfo info)
    {
        float[][] result = new float[info.Channels][];
        for (int c = 0; c < result.Length; c++)
        {
            result[c] = new float[info.Length];
        }

        return result;
    }
}
