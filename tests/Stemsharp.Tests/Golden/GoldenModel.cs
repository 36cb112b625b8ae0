using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Tests.Golden;

/// <summary>Opens the golden checkpoints as users open models.</summary>
internal static class GoldenModel
{
    /// <summary>Options with the scalar interpreter in place of the engine.</summary>
    public static SeparatorOptions Interpreter(SeparatorOptions? options = null) =>
        (options ?? new SeparatorOptions()) with { Engine = "interpreter", Backends = [new InterpreterBackend()] };

    public static ModelSource Source(string path) => new ModelCatalog().ResolveAsync(path).GetAwaiter().GetResult();

    /// <summary>A bag of checkpoints with a weight per stem each.</summary>
    public static ModelSource Bag(params (string Path, double[] Weights)[] networks)
    {
        ModelMember[] members = [.. networks.Select(network =>
            new ModelMember(FamilyTable.All.Open(network.Path), network.Weights))];
        return new ModelSource("bag", members[0].Definition.Stems, members[0].Definition.SampleRate, members);
    }

    public static Separator Open(string path, SeparatorOptions? options = null) =>
        Separator.Open(Source(path), (options ?? new SeparatorOptions()) with { Threads = options?.Threads is int n and > 0 ? n : 2 });

    /// <summary>[channels, samples] side by side, as the separator takes it.</summary>
    public static AudioInput Input(GoldenTensor mix, int sampleRate = 44_100) =>
        AudioInput.FromSamples(Interleave(mix), sampleRate, mix.Shape[0], mix.Name);

    public static float[] Interleave(GoldenTensor mix)
    {
        int channels = mix.Shape[0], samples = mix.Shape[1];
        float[] result = new float[mix.Values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = mix.Values[i % channels * samples + i / channels];
        }

        return result;
    }

    /// <summary>10·log10 of the truth's energy over the error's, over stems, channels and samples.</summary>
    public static double Snr(ReadOnlySpan<float> truth, IEnumerable<ReadOnlyMemory<float>> found)
    {
        SignalToNoise sums = new();
        foreach (ReadOnlyMemory<float> part in found)
        {
            sums.Add(truth[..part.Length], part.Span);
            truth = truth[part.Length..];
        }

        Xunit.Assert.Equal(0, truth.Length);
        return sums.Ratio;
    }

    /// <summary>Channels of the stems in order, as golden tensors hold them.</summary>
    public static IEnumerable<ReadOnlyMemory<float>> Parts(SeparationResult result, params string[] stems) =>
        (stems.Length == 0 ? result.StemNames : stems).SelectMany(stem => result[stem].Select(channel => (ReadOnlyMemory<float>)channel));
}

/// <summary>The interpreter in double precision as a backend.</summary>
internal sealed class InterpreterBackend : Backend
{
    public override string Name => "interpreter";

    public override string Title => "the scalar interpreter";

    public override string? WhyRefused(Network network, EngineSettings settings) => null;

    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    public override string Describe(EngineSettings settings) => "interpreter";

    public override IEngine Open(Network network, EngineSettings settings) => InterpretedRuntime.Engine(network);
}
