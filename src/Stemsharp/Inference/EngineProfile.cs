namespace Stemsharp.Inference;

/// <summary>What one step of an engine's plan took.</summary>
/// <param name="Name">The operation of the network that it is named after.</param>
/// <param name="Description">What is fused into it.</param>
/// <param name="Time">Time, since the profile began.</param>
/// <param name="Flops">Floating-point operations of one piece as the model defines them.</param>
/// <param name="ExecutedFlops">Those that its products execute.</param>
/// <param name="Bytes">The least that has to move through memory for one piece.</param>
public sealed record EngineStep(string Name, string Description, TimeSpan Time, long Flops, long ExecutedFlops, long Bytes);

/// <summary>An engine that can say where its time goes, when it was opened with <see cref="EngineSettings.Profile"/>.</summary>
public interface IProfiledEngine : IEngine
{
    /// <summary>The steps and their times so far; the times are zero where the engine was not opened with a profile.</summary>
    IReadOnlyList<EngineStep> Profile { get; }

    /// <summary>Forgets the times so far.</summary>
    void ResetProfile();
}
