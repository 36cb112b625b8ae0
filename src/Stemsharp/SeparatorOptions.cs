using Microsoft.Extensions.Logging;
using Stemsharp.Cpu;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// What a <see cref="Separator"/> or <see cref="ChainSeparator"/> is opened with. Immutable. How a song is separated is said by
/// <see cref="SeparationOptions"/>, for a call or, in <see cref="Defaults"/>, for all that say nothing else.
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
    /// The stems that will be wanted, by name in any case: of a bag only the models that matter are found, fetched and run. Default null: all
    /// stems.
    /// </summary>
    public IReadOnlyList<string>? Stems { get; init; }

    /// <summary>How songs are separated where a call does not say it. Default: the original's plain run.</summary>
    public SeparationOptions Defaults { get; init; } = new();

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
    internal void Validate()
    {
        OptionException.Require(!string.IsNullOrWhiteSpace(Model), "The model's name is empty; name a model such as htdemucs, or a checkpoint file.");
        OptionException.Require(Threads is >= 0 and <= 1024, $"{Threads} threads are not valid; 1 to 1024 are, or 0 for one per processor.");
        OptionException.Require(ParallelSegments is >= 0 and <= 64, $"{ParallelSegments} segments at once are not valid; 1 to 64 are, or 0 to leave it to the separator.");
        OptionException.Require(Enum.IsDefined(Precision), $"The precision {Precision} is not valid; fp32 and mixed are.");
        OptionException.Require(
            Engine == Engines.Auto || Backends.Any(b => b.Name == Engine),
            $"There is no engine '{Engine}'; valid are {string.Join(", ", Backends.Select(b => b.Name).Append(Engines.Auto))}.");
        OptionException.Require(Stems is not { Count: 0 }, "The list of wanted stems is empty; leave it out for all stems.");
        Defaults.Validate();
    }
}
