using System.Diagnostics;
using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Comparison;

/// <summary>One network as a side of a comparison.</summary>
internal abstract class NetworkSide : ComparedSide
{
    internal override float[] Run(float[] mix, CancellationToken cancellationToken)
    {
        Separate(mix, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        float[] stems = Separate(mix, cancellationToken);
        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return stems;
    }

    /// <summary>A network behind the transforms of separation.</summary>
    internal static NetworkSide Of(string name, SegmentRunner runner, ISegmentEngine engine, IReadOnlyList<string> stems, int sampleRate) => new Runner(runner)
    {
        Name = name,
        Engine = engine.Description,
        Stems = stems,
        Channels = engine.Shape.Channels,
        Samples = engine.Shape.Samples,
        SampleRate = sampleRate,
    };

    /// <summary>An exported graph, of either kind, on onnxruntime.</summary>
    internal static NetworkSide OfGraph(string path, OnnxSessionOptions options, OnnxRuntimeLibrary library)
    {
        OnnxSession session = new(library, path, options);
        if (session is { Inputs: [{ Name: "mix", Dims: [1, long channels, long samples] }], Outputs.Count: 1 })
        {
            return new Waveforms(session)
            {
                Name = path,
                Engine = $"onnxruntime {library.Version}",
                Stems = (session.Metadata("stemsharp.stems") ?? "").Split(','),
                Channels = (int)channels,
                Samples = (int)samples,
                SampleRate = int.TryParse(session.Metadata("stemsharp.sample_rate"), CultureInfo.InvariantCulture, out int rate) ? rate : 0,
            };
        }

        session.Dispose();
        OnnxRuntimeEngine engine = new(library, path, options);
        return Of(path, new SegmentRunner(engine, 2 * engine.Shape.Bins, new ParallelWorkers(options.Threads)), engine, engine.Stems, engine.SampleRate);
    }

    protected abstract float[] Separate(float[] mix, CancellationToken cancellationToken);

    private sealed class Runner(SegmentRunner runner) : NetworkSide
    {
        protected override float[] Separate(float[] mix, CancellationToken cancellationToken)
        {
            for (int c = 0; c < Channels; c++)
            {
                mix.AsSpan(c * Samples, Samples).CopyTo(runner.Input(c));
            }

            runner.Run([.. Enumerable.Range(0, Stems.Count)], cancellationToken);
            float[] stems = new float[Stems.Count * Channels * Samples];
            for (int s = 0; s < Stems.Count; s++)
            {
                for (int c = 0; c < Channels; c++)
                {
                    runner.Output(s, c).CopyTo(stems.AsSpan((s * Channels + c) * Samples));
                }
            }

            return stems;
        }

        public override void Dispose() => runner.Dispose();
    }

    private sealed class Waveforms(OnnxSession session) : NetworkSide
    {
        protected override float[] Separate(float[] mix, CancellationToken cancellationToken)
        {
            float[] stems = new float[session.Outputs[0].Elements];
            session.Run([mix], [stems], cancellationToken);
            return stems;
        }

        public override void Dispose() => session.Dispose();
    }
}
