using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Comparison;

/// <summary>What runs one side of a comparison.</summary>
/// <param name="Threads">Threads to compute with.</param>
/// <param name="Library">The onnxruntime library's file; null to look for it.</param>
internal sealed record SideSettings(int Threads, string? Library)
{
    /// <summary>Run a model on onnxruntime instead of Stemsharp's own engine; exported graphs always are.</summary>
    internal bool OnOnnxRuntime { get; init; }

    /// <summary>Where onnxruntime runs it.</summary>
    internal ExecutionProvider Provider { get; init; }

    internal OnnxSessionOptions Session => new() { Provider = Provider, Threads = Threads };

    /// <summary>The same as options of the command line.</summary>
    internal IEnumerable<string> Arguments =>
    [
        "--threads", Threads.ToString(System.Globalization.CultureInfo.InvariantCulture),
        .. Library is null ? (string[])[] : ["--onnxruntime", Library],
        .. OnOnnxRuntime ? (string[])["--engine", "onnxruntime"] : [],
        .. Provider == ExecutionProvider.Cpu ? (string[])[] : ["--provider", Provider.ToString().ToLowerInvariant()],
    ];
}
