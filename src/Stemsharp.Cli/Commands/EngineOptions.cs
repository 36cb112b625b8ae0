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

    internal readonly Option<string> Provider = new("--provider")
    {
        Description = $"Where onnxruntime runs it: {string.Join(", ", s_providers)}; the library must have been built with it.",
        DefaultValueFactory = _ => "cpu",
    };

    internal readonly Option<string?> Library = new("--onnxruntime")
    {
        Description = $"The onnxruntime library's file; default the one that {OnnxRuntimeLibrary.Variable} names, one beside this program, the system's.",
        HelpName = "FILE",
    };

    internal readonly Option<bool> Fallback = new("--fallback") { Description = "Go on with the CPU engine when onnxruntime cannot take the model." };

    internal EngineOptions()
    {
        Engine.AcceptOnlyFromAmong("cpu", "onnxruntime");
        Provider.AcceptOnlyFromAmong(s_providers);
    }

    internal IEnumerable<Option> All => [Engine, Provider, Library, Fallback];

    /// <summary>The factory of engines; null for Stemsharp's own. Loads the library, so that it fails before long work.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="say">Told what the user should know.</param>
    internal Func<EngineRequest, ISegmentEngine>? Factory(ParseResult line, Action<string> say)
    {
        Values.OneOf(Engine, line.GetValue(Engine));
        Values.OneOf(Provider, line.GetValue(Provider));
        if (line.GetValue(Engine) == "cpu")
        {
            foreach (Option option in new Option[] { Provider, Library, Fallback })
            {
                if (line.GetResult(option) is { Implicit: false }) throw new OptionException($"{option.Name} belongs to --engine onnxruntime, which is not asked for.");
            }

            return null;
        }

        try
        {
            OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load(line.GetValue(Library));
            return new OnnxRuntimeEngines(library, Enum.Parse<ExecutionProvider>(line.GetValue(Provider)!, ignoreCase: true), line.GetValue(Fallback), say).Create;
        }
        catch (ExternalToolException e) when (line.GetValue(Fallback))
        {
            say($"{e.Message} Going on with the CPU engine.");
            return null;
        }
    }
}
