using Stemsharp.Backends;

namespace Stemsharp.Cli.Comparison;

/// <summary>What runs one side of a comparison; exported graphs always run on onnxruntime.</summary>
/// <param name="Threads">Threads to compute with.</param>
/// <param name="Choice">The engine.</param>
/// <param name="Arguments">The same as options of the command line.</param>
internal sealed record SideSettings(int Threads, EngineChoice Choice, IReadOnlyList<string> Arguments);
