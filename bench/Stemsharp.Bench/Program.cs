using Stemsharp.Bench;
using Stemsharp.Bench.Onnx;
using Stemsharp.Kernels;

switch (args)
{
    case ["engine", .. var rest]: EngineTime.Print(rest); return 0;
    case ["accuracy", var golden]: GoldenAccuracy.Print(golden, KernelTier.Best); return 0;
    case ["stft"]: StftTime.Print(); return 0;
    case ["resampling"]: ResamplingBenchmark.Run(); return 0;
    case ["onnxruntime", .. var rest]: OnnxRuntimePeer.Run(rest); return 0;
    default:
        Console.Error.WriteLine("usage: engine [MODEL] [THREADS] [--profile] [--plan] | accuracy GOLDEN-FOLDER | stft | resampling | onnxruntime [--graph …]");
        return 2;
}
