using System.CommandLine;
using System.Runtime.InteropServices;
using Stemsharp.Cli.Hosting;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Binding;
using Stemsharp.OnnxRuntime.Native;
using Stemsharp.OnnxRuntime.Nvidia;
using Stemsharp.Vulkan;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp doctor</c>: what is here for <c>--engine vulkan</c> and <c>--engine onnxruntime</c>, and what would work.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        Option<string?> library = new("--onnxruntime") { Description = "The onnxruntime library's file.", HelpName = "FILE" };
        Option<string?> own = new("--provider-library") { Description = "The library of a provider that is registered with onnxruntime: says what it needs and which devices it offers.", HelpName = "FILE" };
        Command command = new("doctor", "Say which GPUs --engine vulkan finds, what is installed for --engine onnxruntime, what is missing and what would work.") { library, own };
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

            if (line.GetValue(own) is { } path)
            {
                WriteOwn(output, found, path);
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

        if (ProviderFile.Problem(library, provider) is { } missing)
        {
            return $"in this build, but {missing}";
        }

        if (provider is not (ExecutionProvider.Cuda or ExecutionProvider.TensorRT))
        {
            return "available";
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

        return "available";
    }

    private static void WriteOwn(TextWriter output, OnnxRuntimeLibrary library, string path)
    {
        if (File.Exists(path) && ProviderFile.Problem(Path.GetFullPath(path), SystemLibrary.CanLoad) is { } problem)
        {
            output.WriteLine($"--provider-library: {problem}");
            return;
        }

        try
        {
            foreach (ProviderDevice device in library.Devices(path))
            {
                output.WriteLine($"--provider-library: {device.Provider}, device {device.Number}: {device.Name}");
            }
        }
        catch (ExternalToolException e)
        {
            output.WriteLine($"--provider-library: {e.Message}");
        }
    }
}
