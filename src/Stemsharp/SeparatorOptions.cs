using System.Globalization;
using Microsoft.Extensions.Logging;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// How a <see cref="Separator"/> works. Immutable; the defaults give the original's plain run.
/// <see cref="Model"/>, <see cref="ModelFolder"/>, <see cref="ZeroDc"/>, <see cref="Threads"/>, <see cref="ParallelSegments"/>, what chooses the engine,
/// <see cref="ReleaseMemory"/>, <see cref="Preload"/>, <see cref="Notices"/> and <see cref="Logger"/> belong to the separator; everything else can also differ from call to call:
/// <c>separator.SeparateAsync(song, separator.Options with { Shifts = 2 })</c>.
/// </summary>
public sealed record SeparatorOptions
{
    private static readonly IReadOnlyList<Backend> s_defaultBackends = [new CpuBackend()];

    /// <summary>
    /// A known name (<c>htdemucs</c>, <c>htdemucs_ft</c>, <c>htdemucs_6s</c>), a signature, the path of a
    /// .th, .safetensors, .ckpt, .onnx or bag .yaml file, or <c>synthetic:htdemucs</c>. Default <c>htdemucs</c>.
    /// </summary>
    public string Model { get; init; } = "htdemucs";

    /// <summary>A folder of models to look in instead of the catalog. Default null: the catalog.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>
    /// The stems wanted, by name in any case; a bag then runs only the models that matter, and a model skips the inverse
    /// transforms of the others. Results keep the model's order. Default null: all stems.
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

    /// <summary>
    /// Whether the lowest bin of the stems' spectrograms is set to zero (<c>zero_dc</c>), for networks that have the choice. What differs lies
    /// below about 40 Hz. Default null: as the checkpoint's configuration says, which where it says nothing means true.
    /// </summary>
    public bool? ZeroDc { get; init; }

    /// <summary>Threads to compute with; 0 for one per processor. Results do not depend on it. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// How many segments run at once, each on its share of the threads, 0 … 64; more than threads are not. It costs a
    /// working memory each (about 130 MB for the official models); results do not depend on it. Default 0: one, unless there are more
    /// threads than one segment keeps busy, or a device takes several as well.
    /// </summary>
    public int ParallelSegments { get; init; }

    /// <summary>Where temporary audio waits, in uncompressed floats. Default null: the system's temporary folder.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>
    /// Where a <see cref="ChainSeparator"/> keeps the results of finished steps, so that a separation of the same song that was broken
    /// off goes on behind them; for one song at a time, made if it is missing, and the caller's to delete when the song is done. Default
    /// null: nothing is kept, but beside files that the separator writes itself. A single model keeps nothing.
    /// </summary>
    public string? WorkFolder { get; init; }

    /// <summary>
    /// What can run networks, in the order in which <see cref="Engines.Auto"/> asks them. Default: Stemsharp's own engine on the
    /// processor. A package adds its object: <c>Backends = [new OnnxRuntimeBackend(…), new CpuBackend()]</c>.
    /// </summary>
    public IReadOnlyList<Backend> Backends { get; init; } = s_defaultBackends;

    /// <summary>
    /// The name of the backend that runs the network, or <see cref="Engines.Auto"/> for the first one of <see cref="Backends"/> that is
    /// there, takes the network, and may be chosen unnamed. Default <see cref="Engines.Cpu"/>.
    /// </summary>
    public string Engine { get; init; } = Engines.Cpu;

    /// <summary>The engine's device, by its number or a part of its name. Default null: the engine's first choice.</summary>
    public string? Device { get; init; }

    /// <summary>The precision that is asked for; an engine that lacks it refuses, or runs a better one and says so. Default fp32.</summary>
    public EnginePrecision Precision { get; init; }

    /// <summary>
    /// Whether another engine goes on, from the last finished segment, when the one that was named fails. <see cref="Engines.Auto"/>
    /// always does. Default false: the separation fails with it.
    /// </summary>
    public bool Fallback { get; init; }

    /// <summary>
    /// Whether the process's garbage is collected, and its free memory given back to the system, after a network was loaded and before
    /// another one is: it spares up to a third of the memory while a song is separated, and stops the host's other threads for some
    /// milliseconds. Default false: the host's memory is its own matter.
    /// </summary>
    public bool ReleaseMemory { get; init; }

    /// <summary>
    /// Whether opening also loads the first network and has the code compiled that runs it (<see cref="StemSeparator.PrepareAsync"/>), so
    /// that the first song is as fast as the second. False for a host that opens what it may not use. Default true.
    /// </summary>
    public bool Preload { get; init; } = true;

    /// <summary>
    /// Told in plain sentences what the user should know while it runs: that an engine takes long to be made, that one failed and which
    /// goes on. Default null: they go to <see cref="Logger"/> as warnings.
    /// </summary>
    public IProgress<string>? Notices { get; init; }

    /// <summary>Told about models, engines, times and quality warnings. Default null: nobody.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="OptionException">Names the option, its value and what is valid.</exception>
    /// <summary>Notes when stages began and ended; null for nobody.</summary>
    internal Timeline? Timeline { get; init; }

    internal void Validate()
    {
        Require(!string.IsNullOrWhiteSpace(Model), "The model's name is empty; name a model such as htdemucs, or a checkpoint file.");
        Require(Overlap is null or (>= 0 and <= 0.99), $"An overlap of {Number(Overlap ?? 0)} is not valid; 0 to 0.99 are.");
        Require(
            TransitionPower is >= 1 and <= 100,
            $"A transition power of {Number(TransitionPower)} is not valid; 1 to 100 are.");
        Require(Shifts is >= 0 and <= 100, $"{Shifts} shifts are not valid; 0 to 100 are.");
        Require(Segment is null or (> 0 and < 1e4), $"A segment of {Number(Segment ?? 0)} s is not valid; it must be above 0 and at most the model's.");
        Require(Threads is >= 0 and <= 1024, $"{Threads} threads are not valid; 1 to 1024 are, or 0 for one per processor.");
        Require(ParallelSegments is >= 0 and <= 64, $"{ParallelSegments} segments at once are not valid; 1 to 64 are, or 0 to leave it to the separator.");
        Require(Enum.IsDefined(Precision), $"The precision {Precision} is not valid; fp32 and mixed are.");
        Require(
            Engine == Engines.Auto || Backends.Any(b => b.Name == Engine),
            $"There is no engine '{Engine}'; valid are {string.Join(", ", Backends.Select(b => b.Name).Append(Engines.Auto))}.");
        Require(Stems is not { Count: 0 }, "The list of wanted stems is empty; leave it out for all stems.");

        static void Require(bool valid, string message)
        {
            if (!valid)
            {
                throw new OptionException(message);
            }
        }

        static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
