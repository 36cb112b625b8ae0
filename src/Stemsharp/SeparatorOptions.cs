using Microsoft.Extensions.Logging;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// How a <see cref="Separator"/> works. Immutable; the defaults give the original's plain run.
/// <see cref="Model"/>, <see cref="ModelFolder"/>, <see cref="Threads"/>, <see cref="EngineFactory"/> and
/// <see cref="Logger"/> belong to the separator; everything else can also differ from call to call:
/// <c>separator.SeparateAsync(song, separator.Options with { Shifts = 2 })</c>.
/// </summary>
public sealed record SeparatorOptions
{
    /// <summary>
    /// A known name (<c>htdemucs</c>, <c>htdemucs_ft</c>, <c>htdemucs_6s</c>), a signature, the path of a
    /// .th, .safetensors or bag .yaml file, or <c>synthetic:htdemucs</c>. Default <c>htdemucs</c>.
    /// </summary>
    public string Model { get; init; } = "htdemucs";

    /// <summary>A folder of models to look in instead of the catalog. Default null: the catalog.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>
    /// The stems wanted, by name; a bag then runs only the models that matter, and a model skips the inverse
    /// transforms of the others. Results keep the model's order. Default null: all stems.
    /// </summary>
    public IReadOnlyList<string>? Stems { get; init; }

    /// <summary>How much of a segment overlaps the next one, 0 ≤ x ≤ 0.99. Default 0.25.</summary>
    public double Overlap { get; init; } = 0.25;

    /// <summary>Sharpness of the cross-fade between segments, ≥ 1. Default 1: linear.</summary>
    public double TransitionPower { get; init; } = 1;

    /// <summary>
    /// Runs of the network at different offsets of up to half a second, averaged; 0 … 100. 0 and 1 are the plain
    /// run; n takes n times as long. Offsets are evenly spaced unless <see cref="Seed"/> is set. Default 0.
    /// </summary>
    public int Shifts { get; init; }

    /// <summary>Draws the offsets of <see cref="Shifts"/> at random, the same ones for the same seed. Default null.</summary>
    public int? Seed { get; init; }

    /// <summary>
    /// Length in seconds of the pieces that the song is cut into; at most the length the model was trained on.
    /// Default null: exactly that length, the fastest and best.
    /// </summary>
    public double? Segment { get; init; }

    /// <summary>Whether the song is cut into segments. False works only for a song no longer than one. Default true.</summary>
    public bool Split { get; init; } = true;

    /// <summary>Threads to compute with; 0 for one per processor. Results do not depend on it. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>Where temporary audio waits, in uncompressed floats. Default null: the system's temporary folder.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Makes the engine that runs the network. Default null: Stemsharp's own on the CPU.</summary>
    public Func<EngineRequest, ISegmentEngine>? EngineFactory { get; init; }

    /// <summary>Told about models, engines, times and quality warnings. Default null: nobody.</summary>
    public ILogger? Logger { get; init; }
}
