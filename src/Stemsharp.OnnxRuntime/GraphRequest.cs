using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>Which graph of a network is asked for.</summary>
/// <param name="Samples">Samples of a piece.</param>
/// <param name="Precision">Of its products.</param>
/// <param name="Pieces">Pieces in a run, at least 1.</param>
public sealed record GraphRequest(int Samples, EnginePrecision Precision, int Pieces);
