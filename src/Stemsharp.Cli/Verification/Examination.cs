using System.Runtime.InteropServices;
using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Simd;
using Stemsharp.Vulkan;

namespace Stemsharp.Cli.Verification;

/// <summary>Looks at what separating and serving rest on: the engine, GPUs, FFmpeg, models, disk, the page.</summary>
internal static class Examination
{
    // Stems of an album fit; below it a song may not.
    private const long LittleDisk = 2_000_000_000;

    private static readonly AudioFormat[] s_lossy = [AudioFormat.Mp3, AudioFormat.M4a, AudioFormat.Opus, AudioFormat.Ogg];

    /// <summary>Looks at one thing after another.</summary>
    /// <param name="whyNoPage">Why the page cannot be served; null where it can.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static IEnumerable<Finding> Of(Func<string?> whyNoPage, CancellationToken cancellationToken)
    {
        yield return Finding.Good("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors");
        Finding engine = Engine(cancellationToken);
        yield return engine;
        if (engine.State != FindingState.Fault)
        {
            yield return CpuBackend.WhySingleHere is { } single
                ? Finding.Absent("mixed precision", $"--precision mixed runs in fp32 on the processor: {single}")
                : Finding.Good("mixed precision", $"the processor multiplies bfloat16, which --precision mixed uses ({CpuBackend.MixedBy})");
        }

        foreach (Finding gpu in Gpus())
        {
            yield return gpu;
        }

        foreach (Finding ffmpeg in FFmpeg())
        {
            yield return ffmpeg;
        }

        foreach (Finding models in Models())
        {
            yield return models;
        }

        yield return Disk("temporary folder", Path.GetTempPath());
        yield return Disk("current folder", Environment.CurrentDirectory);
        yield return whyNoPage() is { } reason ? Finding.Fault("page", reason) : Finding.Good("page", "'stemsharp serve' can open it");
    }

    /// <summary>The engine on the processor, by what the original computed with a small network.</summary>
    private static Finding Engine(CancellationToken cancellationToken)
    {
        const string subject = "engine cpu";
        try
        {
            CpuBackend backend = new();
            EngineSettings settings = new() { Threads = Environment.ProcessorCount };
            Check check = ModelChecks.Golden(backend, settings, cancellationToken);
            string text = $"{backend.Describe(settings)}; a small network gives {check.Detail}";
            return !check.Passed ? Finding.Fault(subject, text)
                : SimdTier.Chosen != SimdTier.All.First(t => t.IsSupported) ? Finding.Absent(subject, $"{text}; {SimdTier.Variable} keeps it from {SimdTier.All.First(t => t.IsSupported).Name}")
                : Finding.Good(subject, text);
        }
        catch (StemsharpException exception)
        {
            return Finding.Fault(subject, exception.Message);
        }
    }

    private static IEnumerable<Finding> Gpus()
    {
        foreach (string device in VulkanBackend.Devices)
        {
            yield return Finding.Good("GPU", $"--engine vulkan --device {device}");
        }

        if (VulkanBackend.Devices.Count == 0)
        {
            yield return Finding.Absent("GPU", $"{new VulkanBackend().WhyAbsent} The processor does the work.");
        }
    }

    private static IEnumerable<Finding> FFmpeg()
    {
        const string subject = "FFmpeg";
        FFmpegTool? tool = null;
        string problem = "";
        try
        {
            tool = FFmpegTool.Find(null, "Reading M4A and films, and writing MP3, M4A, Opus and Ogg,");
        }
        catch (ExternalToolException exception)
        {
            problem = exception.Message;
        }

        if (tool is null)
        {
            yield return Finding.Absent(subject, problem);
            yield break;
        }

        string[] without = [.. s_lossy.Where(format => !tool.HasEncoder(FFmpegEncoder.For(format).Encoder)).Select(format => format.Extension())];
        string text = $"{tool.Version}, {tool.Path}; writes {string.Join(", ", s_lossy.Select(f => f.Extension()).Except(without))}";
        yield return without.Length == 0 ? Finding.Good(subject, text) : Finding.Absent(subject, $"{text}; lacks the encoders for {string.Join(", ", without)}");
    }

    private static IEnumerable<Finding> Models()
    {
        ModelCatalog? catalog = null;
        string problem = "";
        try
        {
            catalog = Catalogs.Create(offline: true);
        }
        catch (ModelException exception)
        {
            problem = exception.Message;
        }

        if (catalog is null)
        {
            yield return Finding.Fault("models", problem);
            yield break;
        }

        KnownModel[] here = [.. catalog.List().Where(m => m.IsHere && m.Files.Any(f => f.Path is not null))];
        yield return here.Length > 0
            ? Finding.Good("models", $"here are {string.Join(", ", here.Select(m => m.Name))}, and demo, which is built in")
            : Finding.Absent("models", "demo is built in; others are downloaded when they are first used");
        yield return Folder("cache", catalog.CacheFolder);
    }

    private static Finding Folder(string subject, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".stemsharp-probe-{Environment.ProcessId}");
            using (new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }

            return Disk(subject, folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Finding.Absent(subject, $"{folder} cannot be written, so that nothing can be downloaded: {exception.Message} STEMSHARP_CACHE names another folder.");
        }
    }

    private static Finding Disk(string subject, string folder) => DiskSpace.Available(folder) switch
    {
        null => Finding.Absent(subject, $"{folder}; the system does not tell how much is free"),
        < LittleDisk and { } little => Finding.Absent(subject, $"{folder}, only {Words.Bytes(little)} free"),
        { } free => Finding.Good(subject, $"{folder}, {Words.Bytes(free)} free"),
    };
}
