using Stemsharp.Checkpoints;
using Stemsharp.Cli.Engines;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Comparison;

/// <summary>
/// One side of a comparison: a model on Stemsharp's own engine or on onnxruntime, or an export on onnxruntime.
/// Takes one segment of a mix, [C, L], and gives its stems, [S, C, L].
/// </summary>
internal abstract class ComparedSide : IDisposable
{
    internal required string Name { get; init; }

    /// <summary>What computes, as shown; of a bag it is known after <see cref="Run"/>.</summary>
    internal string Engine { get; private protected set; } = "";

    internal required IReadOnlyList<string> Stems { get; init; }

    internal required int Channels { get; init; }

    internal required int Samples { get; init; }

    /// <summary>In Hz; 0 where it is not known.</summary>
    internal required int SampleRate { get; init; }

    /// <summary>Seconds that a segment takes, without loading; known after <see cref="Run"/>.</summary>
    internal double Seconds { get; private protected set; }

    /// <summary>The most memory that a process with this side alone took, in bytes.</summary>
    internal long Memory { get; set; }

    /// <summary>Runs the segment twice: the first run also warms up, the second is the one that is timed.</summary>
    internal abstract float[] Run(float[] mix, CancellationToken cancellationToken);

    public abstract void Dispose();

    /// <summary>Whether the side is an export, a graph or the description of several, which runs on onnxruntime.</summary>
    internal static bool IsExport(string name) => name.EndsWith(ExportedModels.Extension, StringComparison.OrdinalIgnoreCase) || ExportedModels.IsOne(name);

    internal static async Task<ComparedSide> OpenAsync(string name, SideSettings settings, CancellationToken cancellationToken)
    {
        if (name.EndsWith(ExportedModels.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return NetworkSide.OfGraph(name, settings.Session, OnnxRuntimeLibrary.Load(settings.Library));
        }

        bool export = IsExport(name);
        ModelSource source = export ? ExportedModels.Open(name) : await Catalogs.Create().ResolveAsync(name, progress: new DownloadView(Console.Error, quiet: false), cancellationToken: cancellationToken).ConfigureAwait(false);
        return source.Members.Count == 1 ? Open(source.Members[0]) : new BagSide(name, source, Open);

        ComparedSide Open(ModelMember member) => export
            ? NetworkSide.OfGraph(member.Path!, settings.Session, OnnxRuntimeLibrary.Load(settings.Library))
            : OfMember(name, source, member, settings);
    }

    private static NetworkSide OfMember(string name, ModelSource source, ModelMember member, SideSettings settings)
    {
        using Checkpoint checkpoint = member.Open();
        EngineRequest request = new(source.Name, member, checkpoint, member.Config.SegmentSamples, settings.Threads);
        ISegmentEngine engine = settings.OnOnnxRuntime
            ? new OnnxRuntimeEngines(OnnxRuntimeLibrary.Load(settings.Library), settings.Session, fallback: false, _ => { }).Create(request)
            : OnCpu(request);
        SegmentRunner runner = new(engine, member.Config.Nfft, (engine as CpuEngine)?.Workers ?? new ParallelWorkers(settings.Threads));
        return NetworkSide.Of(name, runner, engine, source.Stems, source.SampleRate);
    }

    private static CpuEngine OnCpu(EngineRequest request)
    {
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
        return new CpuEngine(graph, weights, request.Threads);
    }
}
