using System.Diagnostics;
using System.Globalization;
using Stemsharp.Checkpoints;
using Stemsharp.Vulkan;
using Stemsharp.Vulkan.Bench;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string? Option(string name) => Array.IndexOf(args, name) is int i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
VulkanOptions options = new()
{
    Device = Option("--device"),
    AllowSoftware = true,
    Precision = Option("--precision") == "mixed" ? GpuPrecision.Mixed : GpuPrecision.Single,
    Pieces = int.Parse(Option("--pieces") ?? "1"),
    CacheFolder = Option("--cache"),
    PieceLimit = TimeSpan.FromSeconds(600),
    UseMatrices = !args.Contains("--no-matrices"),
    Validate = args.Contains("--validate"),
    Profile = args.Contains("--profile"),
};

switch (args)
{
    case ["devices", ..]:
        VulkanInstance? instance = VulkanInstance.TryGet(out string? reason);
        Console.WriteLine(reason ?? string.Join('\n', instance!.Devices()));
        return 0;
    case ["plan", var model, ..]:
        using (Checkpoint checkpoint = GoldenCase.Open("tests/golden", model))
        using (VulkanEngine engine = GoldenCase.Engine(checkpoint, options))
        {
            Console.WriteLine(engine.Description);
            Console.Write(engine.Plan);
        }

        return 0;
    case ["accuracy", var golden, var filter, ..]:
        foreach (GoldenCase item in GoldenCase.All.Where(c => c.Model.Contains(filter, StringComparison.Ordinal)))
        {
            using Checkpoint checkpoint = GoldenCase.Open(golden, item.Model);
            long start = Stopwatch.GetTimestamp();
            using VulkanEngine engine = GoldenCase.Engine(checkpoint, options);
            double opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
            (float[] mix, float[] truth, int samples) = item.Data(golden, engine.Shape.Samples);
            GpuBatch batch = engine.Lease();
            mix.CopyTo(batch.Input(0));
            start = Stopwatch.GetTimestamp();
            engine.Start(batch, 1, [.. Enumerable.Range(0, engine.Shape.Stems)]);
            engine.Finish(batch);
            Console.WriteLine($"{item.Model}: {item.Snr(batch.Output(0), truth, engine.Shape.Samples):F2} dB, opened in {opened:F2} s, ran in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s, {engine.Description}");
            if (options.Profile)
            {
                StepTable.Print(Console.Out, engine, 1, 40);
            }

            foreach (string message in engine.Messages)
            {
                Console.WriteLine(message);
            }
        }

        return 0;
    default:
        Console.Error.WriteLine("usage: devices | plan MODEL | accuracy GOLDEN FILTER [--device D] [--precision fp32|mixed] [--pieces N] [--validate] [--profile]");
        return 2;
}
