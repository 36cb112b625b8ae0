using System.Diagnostics;
using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.Vulkan;
using Stemsharp.Vulkan.Bench;
using Stemsharp.Vulkan.Device;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string? Option(string name) => Array.IndexOf(args, name) is int i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
VulkanOptions options = new()
{
    Precision = Option("--precision") == "mixed" ? EnginePrecision.Mixed : EnginePrecision.Fp32,
    Pieces = int.Parse(Option("--pieces") ?? "1"),
    CacheFolder = Option("--cache"),
    UseMatrices = !args.Contains("--no-matrices"),
    Traits = args.Contains("--emulate") ? traits => traits with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true } : null,
    Profile = args.Contains("--profile"),
    Tune = !args.Contains("--no-tuning"),
    TuningReport = args.Contains("--tiles") ? (step, tile, seconds) => Console.WriteLine($"{seconds * 1e3,9:F4} ms {step.Flops / seconds / 1e12 * int.Parse(Option("--pieces") ?? "1"),7:F1} TFLOP/s {tile} {step.Name} {step.Text}") : null,
};
BenchDevice Device() => BenchDevice.Find(Option("--device"), args.Contains("--validate"));

switch (args)
{
    case ["devices", ..]:
        VulkanInstance? instance = VulkanInstance.TryGet(out string? reason);
        Console.WriteLine(reason ?? string.Join('\n', instance!.Devices().Select(d => d.Describe())));
        return 0;
    case ["selftest", ..]:
        int failed = SelfTest.Run(Device());
        Console.WriteLine(failed == 0 ? "all kernels agree" : $"{failed} FAILED");
        return failed == 0 ? 0 : 1;
    case ["time", var model, var segments, var rounds, ..]:
        SegmentTime.Run(Device(), model, int.Parse(segments), int.Parse(rounds), options, Option("--out"));
        return 0;
    case ["plan", var model, ..]:
        using (BenchEngine bench = new(Device(), GoldenCase.Open("tests/golden", model), options, 1))
        {
            Console.WriteLine(bench.Description);
            Console.Write(bench.Engine.Plan);
        }

        return 0;
    case ["chunk", var model, ..]:
        PieceComparison.Run(Device(), model, options);
        return 0;
    case ["song", var file, var seconds]:
        SongFile.Write(file, int.Parse(seconds));
        return 0;
    case ["trial", ..]:
        BenchDevice tried = Device();
        Console.WriteLine(SpeedTrial.Take(tried.Instance, tried.Info, options).Advice(tried.Info).Reason);
        return 0;
    case ["accuracy", var golden, var filter, ..]:
        BenchDevice device = Device();
        foreach (GoldenCase item in GoldenCase.All.Where(c => c.Model.Contains(filter, StringComparison.Ordinal)))
        {
            Network network = GoldenCase.Open(golden, item.Model);
            (float[] mix, float[] truth) = item.Data(golden, network.Definition);
            using BenchEngine bench = new(device, network, options, 1, mix.Length / network.Definition.Channels);
            long start = Stopwatch.GetTimestamp();
            float[] stems = PieceTrial.Run(bench.Engine, bench.Network.Definition, mix, default);
            Console.WriteLine($"{item.Model}: {item.Snr(stems, truth, bench.Samples):F2} dB, opened in {bench.OpenedIn:F2} s, ran in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s, {bench.Description}");
            if (options.Profile)
            {
                StepTable.Print(Console.Out, bench.Engine, 1, 40);
            }

            foreach (string message in device.Instance.Messages)
            {
                Console.WriteLine(message);
            }
        }

        return 0;
    default:
        Console.Error.WriteLine("usage: devices | trial | song FILE SECONDS | selftest | plan MODEL | chunk MODEL | accuracy GOLDEN FILTER | time MODEL SEGMENTS ROUNDS [--out FOLDER] [--device D] [--precision fp32|mixed] [--pieces N] [--cache FOLDER] [--no-matrices] [--no-tuning] [--tiles] [--validate] [--profile] [--emulate]");
        return 2;
}
