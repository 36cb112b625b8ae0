using System.Diagnostics;
using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// How far is a package, interpreted with the roundings that it declares, from its network in double precision?
/// <c>coreml accuracy [MODEL] [--target T] [--precision P] [--palettize N] [--palette-group N] [--palette-keep LIST] [--single LIST] [--segment SECONDS] [--golden FOLDER]</c>
/// </summary>
internal static class PackageAccuracy
{
    public static void Run(string[] args)
    {
        PackageArguments arguments = new(args);
        using PackageNetwork network = arguments.Open();
        Print(network, arguments.Options, arguments.ToString());
    }

    private static void Print(PackageNetwork network, CoreMLExportOptions options, string title)
    {
        long start = Stopwatch.GetTimestamp();
        (float[][] outputs, CoreMLReport report) = network.Run(options);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        ParityReport frequency = ParityReport.Compare(network.Truth[0], outputs[0]), time = ParityReport.Compare(network.Truth[1], outputs[1]);
        float[] waveforms = [.. outputs[1]];
        double together = network.CompareAll([outputs[0], waveforms]).Snr;
        IEnumerable<string> stems = network.CompareStems(outputs).Select(s => $"{s.Stem} {s.Parity.Snr:F1} (SI-SDR {s.Parity.SiSdr:F1})");
        Console.WriteLine($"{title}: {report.TotalBytes / 1e6:F1} MB, {report.Operations.Sum(o => o.Float16 + o.Float32)} operations, {report.HalfShare:P1} of the multiply-adds in half, written and run in {seconds:F0} s");
        Console.WriteLine($"  frequency branch {frequency.Snr:F1} dB, time branch {time.Snr:F1} dB, stems together {together:F1} dB: {string.Join(", ", stems)}");
    }
}
