using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Runs one segment through an exported graph of either kind: mix [C, L] → stems [S, C, L].</summary>
internal static class Separated
{
    public static float[] By(string path, float[] mix, OnnxSessionOptions? options = null)
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        using (OnnxSession session = new(library, path, options))
        {
            // A waveform, [N, C, L]; a spectrogram alone has a dimension more.
            if (session.Inputs is [{ Dims.Length: 3 }])
            {
                return session.Run(Padded(mix, (int)session.Inputs[0].Dims[2]))[0];
            }
        }

        using OnnxNetworkSession network = new(library, path, options);
        return By(network, path, mix);
    }

    /// <summary>The same by a graph that is loaded already.</summary>
    /// <param name="network">The loaded graph; may be run again.</param>
    /// <param name="path">Its file.</param>
    /// <param name="mix">[C, L].</param>
    public static float[] By(OnnxNetworkSession network, string path, float[] mix)
    {
        NetworkDefinition definition = network.Definition(path) with { Stems = [.. network.Stems] };
        using SpectralEngine engine = new(definition, new Lent(network), Environment.ProcessorCount);
        return By(engine, definition, mix);
    }

    public static float[] By(IEngine engine, NetworkDefinition definition, float[] mix) =>
        PieceTrial.Run(engine, definition, Padded(mix, definition.Cut.Samples), default);

    /// <summary>10·log10(Σ truth² / Σ (truth − x)²).</summary>
    public static double Snr(ReadOnlySpan<float> truth, ReadOnlySpan<float> x) => SignalToNoise.Of(truth, x);

    // A shorter mix is padded with zeros on the right, as the network does.
    private static float[] Padded(float[] mix, int samples)
    {
        int length = mix.Length / 2;
        float[] padded = new float[2 * samples];
        for (int c = 0; c < 2; c++)
        {
            mix.AsSpan(c * length, length).CopyTo(padded.AsSpan(c * samples));
        }

        return padded;
    }

    // The session outlives the engine.
    private sealed class Lent(OnnxNetworkSession session) : INetworkRuntime
    {
        public EngineIdentity Identity { get; } = new("onnxruntime", "cpu", EnginePrecision.Fp32);

        public string Description => session.Description;

        public bool IsReproducible => false;

        public long HostBytes => 0;

        public bool Serves(int samples, long pieces) => samples == session.Samples;

        public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
        {
            Assert.Equal(session.Samples, samples);
            return [session];
        }

        public void Dispose()
        {
        }
    }
}
