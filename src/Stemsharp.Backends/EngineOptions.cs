using System.CommandLine;
using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Backends;

/// <summary>The options by which the command and the page choose what runs the network.</summary>
internal sealed class EngineOptions
{
    private static readonly string[] s_providers = [.. Enum.GetNames<ExecutionProvider>().Select(n => n.ToLowerInvariant())];
    private static readonly string[] s_precisions = [.. Enum.GetNames<EnginePrecision>().Select(n => n.ToLowerInvariant())];

    /// <summary>Which backend.</summary>
    public Option<string> Engine { get; }

    /// <summary>Which of its devices; demucs' words for engines as well.</summary>
    public Option<string?> Device { get; } = new("--device", "-d", "--gpu")
    {
        Description = "Which device of the engine: its number, counted from 0, or a part of its name ('stemsharp doctor' lists them). demucs' cpu, cuda and mps choose an engine.",
        HelpName = "N|NAME",
    };

    /// <summary>Which precision.</summary>
    public Option<string> Precision { get; } = new("--precision")
    {
        Description = "Arithmetic of the network's products: fp32, or mixed (16-bit operands where they cost little; faster on devices that have them).",
        DefaultValueFactory = _ => s_precisions[0],
    };

    /// <summary>Whether another engine goes on.</summary>
    public Option<bool> Fallback { get; } = new("--fallback") { Description = "Go on with another engine when the one that is named cannot take the model, or fails." };

    /// <summary>Where onnxruntime runs it.</summary>
    public Option<string> Provider { get; } = new("--provider")
    {
        Description = $"Where onnxruntime runs the network: {string.Join(", ", s_providers)}; the library must have been built with it.",
        DefaultValueFactory = _ => s_providers[0],
    };

    /// <summary>The onnxruntime library.</summary>
    public Option<string?> Library { get; } = new("--onnxruntime")
    {
        Description = $"The onnxruntime library's file; default the one that {OnnxRuntimeLibrary.Variable} names, one beside this program, the system's.",
        HelpName = "FILE",
    };

    /// <summary>A provider's own library.</summary>
    public Option<string?> ProviderLibrary { get; } = new("--provider-library")
    {
        Description = "The library of a --provider that is not part of onnxruntime but registered with it: OpenVINO's, WebGPU's or TensorRT RTX's.",
        HelpName = "FILE",
    };

    /// <summary>TensorRT's workspace.</summary>
    public Option<string?> Workspace { get; } = new("--workspace")
    {
        Description = "Most memory that TensorRT may use while a layer runs, such as 2G; default 4G, and at most half of the GPU's.",
        HelpName = "SIZE",
    };

    /// <summary>Options that are passed on.</summary>
    public Option<string[]> Further { get; } = new("--provider-option")
    {
        Description = "Further options of the provider, by onnxruntime's names, such as gpu_mem_limit=4000000000; may be repeated.",
        HelpName = "KEY=VALUE",
    };

    /// <summary>Makes the options.</summary>
    /// <param name="usual">The engine where none is named.</param>
    public EngineOptions(string usual = CpuBackend.BackendName)
    {
        Engine = new Option<string>("--engine")
        {
            Description = "What runs the network: cpu (Stemsharp's own), vulkan (Stemsharp's own on a GPU, with its display driver alone), onnxruntime (a native library of yours, for GPUs and other devices), or auto (the GPU where it is faster than the processor, and the processor where it is not or fails).",
            DefaultValueFactory = _ => usual,
        };
        Engine.AcceptOnlyFromAmong([.. BackendTable.EngineNames]);
        Precision.AcceptOnlyFromAmong(s_precisions);
        Provider.AcceptOnlyFromAmong(s_providers);
    }

    /// <summary>All of them, in the order of the help.</summary>
    public IEnumerable<Option> All => [Engine, Device, Precision, Fallback, .. OfOnnxRuntime];

    /// <summary>Those of commands that judge one engine: another one may not take its place.</summary>
    public IEnumerable<Option> OfOneEngine => All.Where(o => o != Fallback);

    private Option[] OfOnnxRuntime => [Provider, Library, ProviderLibrary, Workspace, Further];

    /// <summary>What was chosen.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="unnamed">The engine where none is named; null for the option's default.</param>
    /// <param name="mostMemory">Most memory of a GPU to use, in bytes; null for what is free.</param>
    /// <exception cref="OptionException">Options are not valid, or exclude each other.</exception>
    public EngineChoice Read(ParseResult line, string? unnamed = null, long? mostMemory = null)
    {
        string engine = unnamed is not null && !IsGiven(line, Engine) ? unnamed : OneOf(line, Engine, BackendTable.EngineNames), provider = OneOf(line, Provider, s_providers);
        string precision = OneOf(line, Precision, s_precisions);
        (engine, provider, string? device) = Demucs(line, engine, provider, Has(line, Device) ? line.GetValue(Device) : null);
        if (engine != OnnxRuntimeBackend.BackendName && OfOnnxRuntime.FirstOrDefault(o => IsGiven(line, o)) is { } stray)
        {
            throw new OptionException($"{stray.Name} belongs to --engine onnxruntime, which is not asked for.");
        }

        if (device is not null && (engine == CpuBackend.BackendName || (engine == Engines.Auto && device != "0" && !BackendTable.HasAutomaticDevices)))
        {
            throw new OptionException($"The engine cpu has one device, the processor; --device {device} belongs to another --engine. --engine vulkan takes a GPU of any maker ('stemsharp doctor' lists them); demucs' words cpu, cuda, cuda:1 and mps choose an engine themselves.");
        }

        ExecutionProvider place = Enum.Parse<ExecutionProvider>(provider, ignoreCase: true);
        if (Has(line, Workspace) && line.GetValue(Workspace) is not null && place != ExecutionProvider.TensorRT)
        {
            throw new OptionException("--workspace is TensorRT's; it belongs to --provider tensorrt.");
        }

        string? own = Has(line, ProviderLibrary) ? line.GetValue(ProviderLibrary) : null;
        if (own is not null && place is not (ExecutionProvider.OpenVINO or ExecutionProvider.WebGpu or ExecutionProvider.TensorRTRtx))
        {
            throw new OptionException($"--provider-library is for a provider that has a library of its own: --provider openvino, webgpu or tensorrtrtx, not {provider}.");
        }

        OnnxSessionOptions session = new()
        {
            Provider = place,
            ProviderLibrary = own,
            Workspace = Has(line, Workspace) && line.GetValue(Workspace) is { } text ? SizeText.Bytes("--workspace", text) : null,
            ProviderOptions = ReadFurther(line),

            // The CPU runs all of it; elsewhere it is worth knowing what went where.
            CountNodes = place != ExecutionProvider.Cpu,
        };
        return new EngineChoice(
            engine, device, Enum.Parse<EnginePrecision>(precision, ignoreCase: true), Has(line, Fallback) && line.GetValue(Fallback),
            Has(line, Library) ? line.GetValue(Library) : null, session, mostMemory);
    }

    // demucs' -d says cpu, cuda, cuda:1 or mps where this command has engines.
    private (string Engine, string Provider, string? Device) Demucs(ParseResult line, string engine, string provider, string? device)
    {
        bool named = IsGiven(line, Engine);
        bool runtime = engine == OnnxRuntimeBackend.BackendName;
        switch (device?.Split(':'))
        {
            case ["cpu"] when named && engine != CpuBackend.BackendName && !(runtime && provider == "cpu"):
                throw new OptionException($"--device cpu and {(runtime ? $"--provider {provider}" : $"--engine {engine}")} exclude each other; give one of them.");
            case ["cpu"]:
                return (named ? engine : CpuBackend.BackendName, provider, null);
            case ["0"] when engine == CpuBackend.BackendName:
                return (engine, provider, null);
            case ["cuda", .. var further] when (!named || runtime) && (further.Length > 1 || further.Any(number => number.Length == 0 || !number.All(char.IsAsciiDigit))):
                throw new OptionException($"--device {device} is not valid; write cuda, or cuda:1 for the second GPU.");
            case ["cuda", .. var number] when !named || runtime:
                return (OnnxRuntimeBackend.BackendName, IsGiven(line, Provider) ? provider : "cuda", number.Length == 1 ? number[0] : null);
            case ["mps"] when !named || runtime:
                return (OnnxRuntimeBackend.BackendName, IsGiven(line, Provider) ? provider : "coreml", null);
            default:
                return (engine, provider, device);
        }
    }

    private Dictionary<string, string> ReadFurther(ParseResult line)
    {
        Dictionary<string, string> further = [];
        foreach (string text in Has(line, Further) ? line.GetValue(Further) ?? [] : [])
        {
            int equals = text.IndexOf('=');
            if (equals < 1)
            {
                throw new OptionException($"--provider-option {text} is not valid; write KEY=VALUE.");
            }

            further[text[..equals]] = text[(equals + 1)..];
        }

        return further;
    }

    private static string OneOf(ParseResult line, Option<string> option, IReadOnlyList<string> valid)
    {
        string value = Has(line, option) ? line.GetValue(option)! : valid[0];
        return valid.Contains(value)
            ? value
            : throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} \"{value}\" is not valid; write one of {string.Join(", ", valid)}."));
    }

    private static bool IsGiven(ParseResult line, Option option) => line.GetResult(option) is { Implicit: false };

    // A command may have some of the options only.
    private static bool Has(ParseResult line, Option option) => line.CommandResult.Command.Options.Contains(option);
}

/// <summary>What is to run the network.</summary>
/// <param name="Engine">A name of the table, or <see cref="Engines.Auto"/>.</param>
/// <param name="Device">Its device; null for its first choice.</param>
/// <param name="Precision">The precision.</param>
/// <param name="Fallback">Whether another engine goes on.</param>
/// <param name="Library">The onnxruntime library's file; null to look for it.</param>
/// <param name="Session">onnxruntime's provider and options.</param>
/// <param name="MostMemory">Most memory of a GPU to use, in bytes; null for what is free.</param>
internal sealed record EngineChoice(
    string Engine, string? Device, EnginePrecision Precision, bool Fallback, string? Library, OnnxSessionOptions Session, long? MostMemory = null)
{
    /// <summary>Stemsharp's own engine on the processor.</summary>
    public static EngineChoice Cpu { get; } = new(CpuBackend.BackendName, null, EnginePrecision.Fp32, false, null, new OnnxSessionOptions());

    /// <summary>The table of backends with these settings.</summary>
    public IReadOnlyList<Backend> Backends { get; } = BackendTable.Compose(Library, Session, MostMemory);

    /// <summary>A separator's options with this choice.</summary>
    public SeparatorOptions Apply(SeparatorOptions options) => options with
    {
        Backends = Backends,
        Engine = Engine,
        Device = Device,
        Precision = Precision,
        Fallback = Fallback,
    };

    /// <summary>What would run networks, in a few words.</summary>
    /// <param name="threads">Threads of the processor.</param>
    public string Describe(int threads)
    {
        // Which of several is faster is known once a network is loaded.
        IEnumerable<Backend> candidates = Engine == Engines.Auto ? Backends.Where(b => b.IsAutomatic && b.WhyAbsent is null) : Backends.Where(b => b.Name == Engine);
        return string.Join(" or ", candidates.Select(b => b.Describe(Settings(threads))));
    }

    /// <summary>How an engine is to be opened.</summary>
    /// <param name="threads">Threads of the processor.</param>
    public EngineSettings Settings(int threads) => new() { Threads = threads, Device = Device, Precision = Precision };

    /// <summary>The backend that is to run a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">What is asked for.</param>
    /// <exception cref="EngineException">It is absent or does not take the network.</exception>
    public Backend For(Network network, EngineSettings settings) =>
        BackendChoice.Of(Apply(new SeparatorOptions()), network, settings, out _)[0].Backend;
}
