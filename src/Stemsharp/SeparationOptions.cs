using System.Globalization;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// How one song is separated: what may differ from call to call of a <see cref="StemSeparator"/>. Immutable; the defaults give the
/// original's plain run. <see cref="SeparatorOptions.Defaults"/> holds those of calls that give none.
/// </summary>
public sealed record SeparationOptions
{
    /// <summary>
    /// The stems wanted, by name in any case, out of those that the separator was opened for; a bag then runs only the models that matter,
    /// and a model skips the inverse transforms of the others. Results keep the model's order. Default null: all that it was opened for.
    /// </summary>
    public IReadOnlyList<string>? Stems { get; init; }

    /// <summary>How much of a segment overlaps the next one, 0 ≤ x ≤ 0.99. Default null: the model's own, 0.25 for Demucs.</summary>
    public double? Overlap { get; init; }

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

    /// <summary>Where temporary audio waits, in uncompressed floats. Default null: the system's temporary folder.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>
    /// Where a <see cref="ChainSeparator"/> keeps the results of finished steps, so that a separation of the same song that was broken
    /// off goes on behind them; for one song at a time, made if it is missing, and the caller's to delete when the song is done. Default
    /// null: nothing is kept, but beside files that the separator writes itself. A single model keeps nothing.
    /// </summary>
    public string? WorkFolder { get; init; }

    /// <summary>Notes when stages began and ended; null for nobody.</summary>
    internal Timeline? Timeline { get; init; }

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="OptionException">Names the option, its value and what is valid.</exception>
    internal void Validate()
    {
        OptionException.Require(Overlap is null or (>= 0 and <= 0.99), $"An overlap of {Number(Overlap ?? 0)} is not valid; 0 to 0.99 are.");
        OptionException.Require(TransitionPower is >= 1 and <= 100, $"A transition power of {Number(TransitionPower)} is not valid; 1 to 100 are.");
        OptionException.Require(Shifts is >= 0 and <= 100, $"{Shifts} shifts are not valid; 0 to 100 are.");
        OptionException.Require(Segment is null or (> 0 and < 1e4), $"A segment of {Number(Segment ?? 0)} s is not valid; it must be above 0 and at most the model's.");
        OptionException.Require(Stems is not { Count: 0 }, "The list of wanted stems is empty; leave it out for all stems.");

        static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
