using System.Diagnostics;
using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// How far is a package, interpreted with the roundings that it declares, from its network in double precision?
/// <c>coreml accuracy [MODEL] [--target T] [--precision P] [--palettize N] [--palette-group N] [--single LIST] [--golden FOLDER]</c>
/// </summary>
internal static class PackageAccuracy
{
    public static void Run(string[] args)
    {
        var arguments = new PackageArguments(args);
        using var network = new PackageNetwork(arguments.Model, arguments.Value("--golden", Path.Combine("tests", "golden")));
        Print(network, arguments.Options, arguments.ToString());
    }

    private static void Print(PackageNetwork network, CoreMLExportOptions options, string title)
    {
        long start = Stopwatch.GetTimestamp();
        (float[][] outputs, CoreMLReport report) = network.Run(options);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        ParityReport frequency = ParityReport.Compare(network.Truth[0], outputs[0]), time = ParityReport.Compare(network.Truth[1], outputs[1]);
        SegmentTransform.Inverse(outputs[0], outputs[1], network.Config.SegmentSamples, network.Config.Nfft);
        int stem = 2 * network.Config.SegmentSamples;
        IEnumerable<string> stems = network.Config.Sources.Select((name, i) =>
        {
            ParityReport parity = ParityReport.Compare(network.Stems.AsSpan(i * stem, stem), outputs[1].AsSpan(i * stem, stem));
            return $"{name} {parity.Snr:F1} (SI-SDR {parity.SiSdr:F1})";
        });
        Console.WriteLine($"{title}: {report.TotalBytes / 1e6:F1} MB, {report.Operations.Sum(o => o.Float16 + o.Float32)} operations, {report.HalfShare:P1} of the multiply-adds in half, written and run in {seconds:F0} s");
        Console.WriteLine($"  frequency branch {frequency.Snr:F1} dB, time branch {time.Snr:F1} dB, stems {string.Join(", ", stems)}");
    }
}
