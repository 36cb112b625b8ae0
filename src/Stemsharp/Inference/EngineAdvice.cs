namespace Stemsharp.Inference;

/// <summary>Whether a backend should run a network when nobody named it.</summary>
/// <param name="IsWorthwhile">Whether it should.</param>
/// <param name="Reason">Why, in a sentence for people; empty where there is nothing to say.</param>
public sealed record EngineAdvice(bool IsWorthwhile, string Reason);
