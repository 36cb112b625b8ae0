using System.Globalization;
using Stemsharp.Bench;
using Stemsharp.Bench.CommandLine;
using Stemsharp.Bench.CoreML;
using Stemsharp.Bench.Onnx;
using Stemsharp.Bench.Peers;
using Stemsharp.Bench.Steps;
using Stemsharp.Simd;

switch (args)
{
    case ["engine", .. var rest]: EngineTime.Print(rest); return 0;
    case ["balance", .. var rest]: LoadBalanceSimulation.Print(rest); return 0;
    case ["steps", .. var rest]: StepComparison.Print(rest); return 0;
    case ["accuracy", var golden]: GoldenAccuracy.Print(golden, SimdTier.Chosen); return 0;
    case ["tile-image", var boot, var disk, var expected]: TileImage.Write(boot, disk, expected); return 0;
    case ["tile-check", var printed, var expected]: return TileImage.Check(printed, expected);
    case ["stft", .. var rest]: StftTime.Print(rest); return 0;
    case ["resampling"]: ResamplingBenchmark.Run(); return 0;
    case ["peers", .. var rest]: PeerBench.Run(rest); return 0;
    case ["peer", var contender, var folder, var threads, var truth]: PeerProcess.Serve(contender, folder, int.Parse(threads), truth); return 0;
    case ["peer-files", var model, var folder]: Contender.Prepare(model, folder); return 0;
    case ["onnx-accuracy", var golden]: OnnxAccuracy.Print(golden); return 0;
    case ["onnx-forms", var golden, .. var rest]: FormComparison.Print(golden, rest.Length > 0 ? int.Parse(rest[0]) : 9); return 0;
    case ["onnxruntime", .. var rest]: OnnxRuntimePeer.Run(rest); return 0;
    case ["coreml", "accuracy", .. var rest]: PackageAccuracy.Run(rest); return 0;
    case ["coreml", "sensitivity", .. var rest]: PackageSensitivity.Run(rest); return 0;
    case ["coreml", "search", .. var rest]: PackageSearch.Run(rest); return 0;
    case ["coreml", "ranges", .. var rest]: PackageRanges.Run(rest); return 0;
    case ["coreml", "palettes", .. var rest]: PackagePalettes.Run(rest); return 0;
    case ["coreml", "export", .. var rest]: await PackageExport.RunAsync(rest); return 0;
    case ["coreml", "song", .. var rest]: await PackageSong.RunAsync(rest); return 0;
    case ["plan", var app, var seconds, var extension, .. var rest]: PlanAccuracy.Print(app, double.Parse(seconds, CultureInfo.InvariantCulture), extension, rest); return 0;
    case ["pipeline", .. var rest]: await PipelineTime.PrintAsync(rest); return 0;
    case ["song", var path, var seconds]: SampleSong.Write(path, double.Parse(seconds, CultureInfo.InvariantCulture)); return 0;
    case ["memory", var app, .. var rest]:
        MeasuredRun run = MeasuredRun.Of(app, rest);
        Console.WriteLine($"{run.Seconds:F1} s, at most {run.PeakBytes / 1e6:F1} MB with all children");
        return 0;
    default:
        Console.Error.WriteLine("usage: engine [MODEL] [THREADS] [RUNS] [--mixed] [--profile] [--plan] | steps BUILD-FOLDER… [--steps REGEX] [--rounds N] [--each] [--model MODEL] | balance [MODEL] | accuracy GOLDEN-FOLDER | tile-image BOOT DISK EXPECTED | tile-check PRINTED EXPECTED | stft [ROUNDS] | resampling | onnxruntime [--graph …] | onnx-accuracy GOLDEN-FOLDER | onnx-forms GOLDEN-FOLDER [RUNS] | coreml accuracy|sensitivity|search|ranges|palettes|export|song [MODEL] … | peers [MODEL] [--runs N] [--threads N] [--out FILE] | plan STEMSHARP SECONDS FORMAT [OPTION…] | memory STEMSHARP ARGUMENT… | song FILE SECONDS | pipeline [--json] [--threads N] [--seconds N] [--peak P] [--picture FILE]");
        return 2;
}
