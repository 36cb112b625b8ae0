using Stemsharp.Backends;

namespace Stemsharp.Cli.Comparison;

/// <summary>What runs one side of a comparison; exported graphs always run on onnxruntime.</summary>
/// <param name="Threads">Threads to compute with.</param>
/// <param name="Choice">The engine.</param>
/// <param name="ZeroDc">What is chosen of it for a checkpoint; null for what its configuration says. An exported graph is as it was made.</param>
/// <param name="Arguments">The same as options of the command line.</param>
internal sealed record SideSettings(int Threads, EngineChoice Choice, bool? ZeroDc, IReadOnlyList<string> Arguments);
