using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// Graphs as onnxruntime's optimiser leaves them, kept so that a session starts in half the time. They hold for one version of the library,
/// one provider and one kind of processor, which their names tell.
/// </summary>
internal static class OptimizedGraph
{
    /// <summary>Whether a provider's graphs can be kept; others compile them into something of their own, which they keep themselves.</summary>
    public static bool IsFor(ExecutionProvider provider) => provider is ExecutionProvider.Cpu or ExecutionProvider.Cuda;

    /// <summary>Loads a graph as it was optimised before, or optimises it and keeps that.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="graph">The .onnx file; its name tells it from all others.</param>
    /// <param name="options">With the folder where graphs of this provider are kept, which only the user can write; null for none.</param>
    /// <param name="stems">The stems that the session gives.</param>
    public static OnnxNetworkSession Load(OnnxRuntimeLibrary library, string graph, OnnxSessionOptions options, IReadOnlyList<string> stems)
    {
        if (options.CacheFolder is not { } folder || !IsFor(options.Provider))
        {
            return new OnnxNetworkSession(library, graph, options, stems);
        }

        string kept = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(graph)}-{library.Version}-{Processor}.onnx"), unfinished = $"{kept}.{Guid.NewGuid():N}.part";
        if (File.Exists(kept))
        {
            try
            {
                return new OnnxNetworkSession(library, kept, options with { IsOptimized = true }, stems);
            }
            catch (Exception e) when (e is EngineException or ModelException)
            {
                // Damaged, or of a build that says no other version.
                File.Delete(kept);
            }
        }

        try
        {
            OnnxNetworkSession session = new(library, graph, options with { OptimizedPath = unfinished }, stems);
            if (File.Exists(unfinished))
            {
                File.Move(unfinished, kept, overwrite: true);
            }

            return session;
        }
        catch (EngineException e) when (e.Failure == EngineFailure.Refused && File.Exists(unfinished))
        {
            // It could not be written, as on a full disk; the graph itself may be taken.
            return new OnnxNetworkSession(library, graph, options, stems);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    // What the optimiser chooses layouts by.
    private static string Processor => Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
}
