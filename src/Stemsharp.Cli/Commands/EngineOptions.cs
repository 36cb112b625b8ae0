using System.CommandLine;
using Stemsharp.Cli.Engines;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Commands;

/// <summary>The options by which commands choose what runs the network.</summary>
internal sealed class EngineOptions
{
    private static readonly string[] s_providers = ["cpu", "cuda", "tensorrt", "directml", "coreml", "openvino", "webgpu", "xnnpack"];

    internal readonly Option<string> Engine = new("--engine")
    {
        Description = "What runs the network: cpu (Stemsharp's own), or onnxruntime (a native library of yours, for GPUs and other devices).",
        DefaultValueFactory = _ => "cpu",
    };

    internal readonly Option<string> Provider = ProviderOption("Where onnxruntime runs it");

    internal readonly Option<string?> Library = new("--onnxruntime")
    {
        Description = $"The onnxruntime library's file; default the one that {OnnxRuntimeLibrary.Variable} names, one beside this program, the system's.",
        HelpName = "FILE",
    };

    internal readonly Option<bool> Fallback = new("--fallback") { Description = "Go on with the CPU engine when onnxruntime cannot take the model, or fails." };

    internal readonly Option<int> Gpu = new("--gpu") { Description = "Which GPU the provider uses, counted from 0; 'stemsharp doctor' lists NVIDIA's.", HelpName = "N" };

    internal readonly Option<string?> Workspace = new("--workspace")
    {
        Description = "Most memory that TensorRT may use while a layer runs, such as 2G; default 4G, and at most half of the GPU's.",
        HelpName = "SIZE",
    };

    internal readonly Option<string[]> Further = new("--provider-option")
    {
        Description = "Further options of the provider, by onnxruntime's names, such as gpu_mem_limit=4000000000; may be repeated.",
        HelpName = "KEY=VALUE",
    };

    internal EngineOptions()
    {
        Engine.AcceptOnlyFromAmong("cpu", "onnxruntime");
    }

    internal static Option<string> ProviderOption(string what)
    {
        Option<string> option = new("--provider")
        {
            Description = $"{what}: {string.Join(", ", s_providers)}; the library must have been built with it.",
            DefaultValueFactory = _ => "cpu",
        };
        option.AcceptOnlyFromAmong(s_providers);
        return option;
    }

    internal IEnumerable<Option> All => [Engine, .. OfOnnxRuntime];

    private Option[] OfOnnxRuntime => [Provider, Library, Fallback, Gpu, Workspace, Further];

    /// <summary>The factory of engines; null for Stemsharp's own. Loads the library, so that it fails before long work.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="say">Told what the user should know.</param>
    internal Func<EngineRequest, ISegmentEngine>? Factory(ParseResult line, Action<string> say)
    {
        Values.OneOf(Engine, line.GetValue(Engine));
        Values.OneOf(Provider, line.GetValue(Provider));
        if (line.GetValue(Engine) == "cpu")
        {
            foreach (Option option in OfOnnxRuntime)
            {
                if (line.GetResult(option) is { Implicit: false })
                {
                    throw new OptionException($"{option.Name} belongs to --engine onnxruntime, which is not asked for.");
                }
            }

            return null;
        }

        OnnxSessionOptions settings = Settings(line);
        try
        {
            OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load(line.GetValue(Library));
            return new OnnxRuntimeEngines(library, settings, line.GetValue(Fallback), say).Create;
        }
        catch (ExternalToolException e) when (line.GetValue(Fallback))
        {
            say($"{e.Message} Going on with the CPU engine.");
            return null;
        }
    }
    private OnnxSessionOptions Settings(ParseResult line)
    {
        ExecutionProvider provider = Enum.Parse<ExecutionProvider>(line.GetValue(Provider)!, ignoreCase: true);
        if (line.GetValue(Workspace) is not null && provider != ExecutionProvider.TensorRT)
        {
            throw new OptionException("--workspace is TensorRT's; it belongs to --provider tensorrt.");
        }

        Dictionary<string, string> further = [];
        foreach (string text in line.GetValue(Further) ?? [])
        {
            int equals = text.IndexOf('=');
            if (equals < 1)
            {
                throw new OptionException($"--provider-option {text} is not valid; write KEY=VALUE.");
            }

            further[text[..equals]] = text[(equals + 1)..];
        }

        return new OnnxSessionOptions
        {
            Provider = provider,
            Device = Values.Within("--gpu", line.GetValue(Gpu), 0, 63),
            Workspace = line.GetValue(Workspace) is { } size ? Values.Bytes("--workspace", size) : null,
            ProviderOptions = further,

            // The CPU runs all of it; elsewhere it is worth knowing what went where.
            CountNodes = provider != ExecutionProvider.Cpu,
        };
    }
}
