using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Inference;

namespace Stemsharp.Bench.CoreML;

/// <summary>An interpreted package as a separator's engine.</summary>
internal sealed class PackageBackend(string path) : Backend
{
    public const string BackendName = "coreml-interpreted";

    public override string Name => BackendName;

    public override string Title => "a CoreML package, interpreted";

    public override string? WhyRefused(Network network, EngineSettings settings) => null;

    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    public override string Describe(EngineSettings settings) => Title;

    public override IEngine Open(Network network, EngineSettings settings) => PackageRuntime.Open(path, network.Definition, network.Definition.Stems).Engine();
}
