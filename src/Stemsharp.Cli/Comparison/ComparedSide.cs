using System.Diagnostics;
using System.Globalization;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Engines;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Comparison;

/// <summary>
/// One side of a comparison: a model on Stemsharp's own engine, or an exported .onnx file on onnxruntime.
/// Takes one segment of a mix, [C, L], and gives its stems, [S, C, L].
/// </summary>
internal abstract class ComparedSide : IDisposable
{
    internal required string Name { get; init; }

    internal required string Engine { get; init; }

    internal required IReadOnlyList<string> Stems { get; init; }

    internal required int Channels { get; init; }

    internal required int Samples { get; init; }

    /// <summary>In Hz; 0 where it is not known.</summary>
    internal required int SampleRate { get; init; }

    /// <summary>Seconds of the fastest run so far.</summary>
    internal double Seconds { get; private set; } = double.PositiveInfinity;

    /// <summary>The most memory that a process with this side alone took, in bytes.</summary>
    internal long Memory { get; set; }

    internal float[] Run(float[] mix, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        float[] stems = Separate(mix, cancellationToken);
        Seconds = Math.Min(Seconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return stems;
    }

    public abstract void Dispose();

    protected abstract float[] Separate(float[] mix, CancellationToken cancellationToken);

    /// <summary>Whether the side is an exported graph, which runs on onnxruntime.</summary>
    internal static bool IsGraph(string name) => name.EndsWith(ExportedModels.Extension, StringComparison.OrdinalIgnoreCase);

    internal static async Task<ComparedSide> OpenAsync(string name, SideSettings settings, CancellationToken cancellationToken)
    {
        if (IsGraph(name)) return OpenGraph(name, settings.Session, OnnxRuntimeLibrary.Load(settings.Library));
        ModelSource source = await Catalogs.Create().ResolveAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (source.Members.Count > 1) throw new OptionException($"{name} is a bag of {source.Members.Count} networks; compare its members one by one: {string.Join(", ", source.Members.Select(m => m.Signature))}.");
        ModelMember member = source.Members[0];
        using Checkpoint checkpoint = member.Open();
        var request = new EngineRequest(source.Name, member, checkpoint, member.Config.SegmentSamples, settings.Threads);
        ISegmentEngine engine = settings.OnOnnxRuntime
            ? new OnnxRuntimeEngines(OnnxRuntimeLibrary.Load(settings.Library), settings.Session, fallback: false, _ => { }).Create(request)
            : OnCpu(request);
        return new Runner(new SegmentRunner(engine, member.Config.Nfft, (engine as CpuEngine)?.Workers ?? new ParallelWorkers(settings.Threads)))
        {
            Name = name,
            Engine = engine.Description,
            Stems = source.Stems,
            Channels = engine.Shape.Channels,
            Samples = engine.Shape.Samples,
            SampleRate = source.SampleRate,
        };
    }

    private static CpuEngine OnCpu(EngineRequest request)
    {
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
        return new CpuEngine(graph, weights, request.Threads);
    }

    private static ComparedSide OpenGraph(string path, OnnxSessionOptions options, OnnxRuntimeLibrary library)
    {
        var session = new OnnxSession(library, path, options);
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
        var engine = new OnnxRuntimeEngine(library, path, options);
        SegmentShape shape = engine.Shape;
        return new Runner(new SegmentRunner(engine, 2 * shape.Bins, new ParallelWorkers(options.Threads)))
        {
            Name = path,
            Engine = engine.Description,
            Stems = engine.Stems,
            Channels = shape.Channels,
            Samples = shape.Samples,
            SampleRate = engine.SampleRate,
        };
    }

    private sealed class Runner(SegmentRunner runner) : ComparedSide
    {
        protected override float[] Separate(float[] mix, CancellationToken cancellationToken)
        {
            for (int c = 0; c < Channels; c++) mix.AsSpan(c * Samples, Samples).CopyTo(runner.Input(c));
            runner.Run([.. Enumerable.Range(0, Stems.Count)], cancellationToken);
            var stems = new float[Stems.Count * Channels * Samples];
            for (int s = 0; s < Stems.Count; s++)
            {
                for (int c = 0; c < Channels; c++) runner.Output(s, c).CopyTo(stems.AsSpan((s * Channels + c) * Samples));
            }

            return stems;
        }

        public override void Dispose() => runner.Dispose();
    }

    private sealed class Waveforms(OnnxSession session) : ComparedSide
    {
        protected override float[] Separate(float[] mix, CancellationToken cancellationToken)
        {
            var stems = new float[session.Outputs[0].Elements];
            session.Run([mix], [stems], cancellationToken);
            return stems;
        }

        public override void Dispose() => session.Dispose();
    }
}
