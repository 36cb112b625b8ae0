using System.CommandLine;
using System.Runtime.InteropServices;
using Stemsharp.Cli.Hosting;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Native;
using Stemsharp.OnnxRuntime.Nvidia;
using Stemsharp.Vulkan;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp doctor</c>: what is here for <c>--engine vulkan</c> and <c>--engine onnxruntime</c>, and what would work.</summary>
internal static class DoctorCommand
{
    /// <summary>What a provider loads beside the onnxruntime library, by file name without version.</summary>
    private static readonly (ExecutionProvider Provider, string[] Linux, string[] Windows)[] s_needs =
    [
        (ExecutionProvider.Cuda, ["libcudart.so.12", "libcublas.so.12", "libcudnn.so.9"], ["cudart64_12.dll", "cublas64_12.dll", "cudnn64_9.dll"]),
        (ExecutionProvider.TensorRT, ["libnvinfer.so.10", "libnvonnxparser.so.10", "libcudart.so.12"], ["nvinfer_10.dll", "nvonnxparser_10.dll", "cudart64_12.dll"]),
    ];

    internal static Command Create()
    {
        Option<string?> library = new("--onnxruntime") { Description = "The onnxruntime library's file.", HelpName = "FILE" };
        Command command = new("doctor", "Say which GPUs --engine vulkan finds, what is installed for --engine onnxruntime, what is missing and what would work.") { library };
        command.SetAction(line =>
        {
            TextWriter output = line.InvocationConfiguration.Output;
            output.WriteLine($"system: {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors");
            WriteVulkan(output);
            WriteGpus(output);
            OnnxRuntimeLibrary found;
            try
            {
                found = OnnxRuntimeLibrary.Load(line.GetValue(library));
            }
            catch (ExternalToolException e)
            {
                output.WriteLine($"onnxruntime: {e.Message}");
                output.WriteLine("--engine cpu works without it.");
                return ExitCode.ExternalTool;
            }

            output.WriteLine($"onnxruntime: {found.Version}, {found.Path}");
            foreach (ExecutionProvider provider in Enum.GetValues<ExecutionProvider>())
            {
                output.WriteLine($"--provider {provider.ToString().ToLowerInvariant()}: {State(found, provider)}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteVulkan(TextWriter output)
    {
        VulkanBackend backend = new();
        foreach (string device in VulkanBackend.Devices)
        {
            output.WriteLine($"--engine vulkan --device {device}");
        }

        if (backend.WhyAbsent is { } reason && VulkanBackend.Devices.Count == 0)
        {
            output.WriteLine($"--engine vulkan: {reason}");
        }
    }

    private static void WriteGpus(TextWriter output)
    {
        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
        foreach ((int i, NvidiaGpu gpu) in gpus.Index())
        {
            output.WriteLine($"GPU {i}: {gpu}");
        }

        if (problem is not null)
        {
            output.WriteLine($"NVIDIA GPUs: {problem}");
        }
    }

    private static string State(OnnxRuntimeLibrary library, ExecutionProvider provider)
    {
        if (!library.Providers.Contains(ProviderNames.Of(provider)))
        {
            return "not in this build of onnxruntime";
        }

        foreach ((ExecutionProvider p, string[] linux, string[] windows) in s_needs)
        {
            if (p != provider)
            {
                continue;
            }

            string[] missing = [.. (OperatingSystem.IsWindows() ? windows : linux).Where(file => !SystemLibrary.CanLoad(file))];
            if (missing.Length > 0)
            {
                return $"in this build, but {string.Join(", ", missing)} cannot be loaded";
            }

            IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
            if (problem is not null)
            {
                return $"in this build, but there is {problem}";
            }

            if (provider == ExecutionProvider.TensorRT && TensorRT.Installed() is { } version)
            {
                string[] refused = [.. gpus.Select(gpu => TensorRT.Refusal(gpu, version)).OfType<string>()];
                return refused.Length == gpus.Count ? $"in this build, but: {string.Join(" ", refused)}" : $"available with TensorRT {version}{string.Concat(refused.Select(r => $"; {r}"))}";
            }
        }

        return "available";
    }
}
