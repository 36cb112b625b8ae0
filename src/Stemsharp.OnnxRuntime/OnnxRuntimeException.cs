using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>A call of onnxruntime's that failed.</summary>
public sealed class OnnxRuntimeException : EngineException
{
    /// <summary>Makes the error of a failed call.</summary>
    /// <param name="what">What was tried.</param>
    /// <param name="detail">onnxruntime's own message.</param>
    /// <param name="innerException">What the call threw.</param>
    public OnnxRuntimeException(string what, string detail, Exception innerException)
        : base(KindOf(what, detail), MessageOf(what, detail), innerException) => Detail = detail;

    /// <summary>What is tried when a model runs.</summary>
    internal const string RunTheModel = "run the model";

    /// <summary>onnxruntime's own message.</summary>
    public string Detail { get; }

    // A run that fails on a graph which was taken is the device's fault; drivers recover from a reset by themselves.
    private static EngineFailure KindOf(string what, string detail) => MeansOutOfMemory(detail) ? EngineFailure.OutOfMemory
        : what == RunTheModel ? EngineFailure.DeviceLost
        : EngineFailure.Refused;

    private static bool MeansOutOfMemory(string detail) =>
        detail.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || detail.Contains("Failed to allocate", StringComparison.OrdinalIgnoreCase)
        || detail.Contains("bad_alloc", StringComparison.OrdinalIgnoreCase)
        || detail.Contains("OutOfMemory", StringComparison.OrdinalIgnoreCase);

    private static string MessageOf(string what, string detail) => $"onnxruntime could not {what}: {detail}{Advice(detail)}";

    private static string Advice(string detail) => MeansOutOfMemory(detail)
        ? " Export with a smaller --batch, a shorter --segment, --precision mixed or a smaller --attention-limit, give TensorRT a smaller --workspace, or use the CPU provider."
        : "";
}
