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
    Traits = args.Contains("--emulate") ? traits => traits with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true } : null,
    Validate = args.Contains("--validate"),
    Profile = args.Contains("--profile"),
    Tune = !args.Contains("--no-tuning"),
    TuningReport = args.Contains("--tiles") ? (step, tile, seconds) => Console.WriteLine($"{seconds * 1e3,9:F4} ms {step.Flops / seconds / 1e12 * int.Parse(Option("--pieces") ?? "1"),7:F1} TFLOP/s {tile} {step.Name} {step.Text}") : null,
};

switch (args)
{
    case ["devices", ..]:
        VulkanInstance? instance = VulkanInstance.TryGet(out string? reason);
        Console.WriteLine(reason ?? string.Join('\n', instance!.Devices()));
        return 0;
    case ["selftest", ..]:
        int failed = SelfTest.Run(options);
        Console.WriteLine(failed == 0 ? "all kernels agree" : $"{failed} FAILED");
        return failed == 0 ? 0 : 1;
    case ["time", var model, var segments, var rounds, ..]:
        SegmentTime.Run(model, int.Parse(segments), int.Parse(rounds), options, Option("--out"));
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
        Console.Error.WriteLine("usage: devices | selftest | plan MODEL | accuracy GOLDEN FILTER | time MODEL SEGMENTS ROUNDS [--out FOLDER] [--device D] [--precision fp32|mixed] [--pieces N] [--cache FOLDER] [--no-matrices] [--no-tuning] [--tiles] [--validate] [--profile] [--emulate]");
        return 2;
}
