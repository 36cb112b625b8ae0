using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;

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
    internal static bool IsExport(string name) => name.EndsWith(OnnxExports.Extension, StringComparison.OrdinalIgnoreCase) || OnnxExports.IsOne(name);

    internal static async Task<ComparedSide> OpenAsync(string name, SideSettings settings, CancellationToken cancellationToken)
    {
        if (name.EndsWith(OnnxExports.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return OfGraph(name, settings);
        }

        bool export = IsExport(name);
        ModelSource source = export
            ? OnnxExports.Open(name)
            : await Catalogs.Create().ResolveAsync(name, progress: new DownloadView(Console.Error, quiet: false), cancellationToken: cancellationToken).ConfigureAwait(false);
        source = !export && settings.ZeroDc is { } zeroDc ? source.WithZeroDc(zeroDc) : source;
        return source.Members.Count == 1 ? Open(source.Members[0]) : new BagSide(name, source, Open);

        ComparedSide Open(ModelMember member) => export ? OfGraph(member.Path!, settings) : OfMember(name, member, settings);
    }

    private static NetworkSide OfMember(string name, ModelMember member, SideSettings settings)
    {
        EngineSettings engine = settings.Choice.Settings(settings.Threads);
        return new NetworkSide(name, settings.Choice.For(member.Network, engine).Open(member.Network, engine), member.Definition);
    }

    // Also of somebody else's making, as long as it takes and gives what ours do.
    private static NetworkSide OfGraph(string path, SideSettings settings)
    {
        (IEngine engine, NetworkDefinition definition) = OnnxRuntimeBackend.OpenFile(
            path, settings.Choice.Library, settings.Choice.Session with { CountNodes = false, Threads = settings.Threads });
        return new NetworkSide(path, engine, definition);
    }
}
