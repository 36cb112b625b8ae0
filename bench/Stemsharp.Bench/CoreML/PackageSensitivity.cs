using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;
using Stemsharp.Graph;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// What does half precision cost where? Every group of layers in turn computes in half precision, all others in
/// single, and both branches and the stems are compared with double precision.
/// <c>coreml sensitivity [MODEL] [--target T] [--groups PATTERN;PATTERN,PATTERN;…] [--segment SECONDS] [--golden FOLDER]</c>
/// Without groups: every layer with multiply-adds by itself.
/// </summary>
internal static class PackageSensitivity
{
    public static void Run(string[] args)
    {
        PackageArguments arguments = new(args);
        using PackageNetwork network = arguments.Open();
        string[] groups = arguments.Value("--groups", "") is { Length: > 0 } list
            ? list.Split(';')
            : [.. network.Graph.Nodes.Where(Multiplies).Select(n => n.Name)];
        Console.WriteLine($"{network.Model}: multiply-adds in half, SNR of the frequency and the time branch and of the worst stem in dB, layers in half");
        foreach (string group in groups)
        {
            CoreMLExportOptions options = arguments.Options with { SinglePrecision = ["*", .. group.Split(',').Select(p => $"!{p}")] };
            (float[][] outputs, CoreMLReport report) = network.Run(options);
            ParityReport frequency = ParityReport.Compare(network.Truth[0], outputs[0]), time = ParityReport.Compare(network.Truth[1], outputs[1]);
            double worst = network.CompareStems(outputs).Min(s => s.Parity.Snr);
            Console.WriteLine($"{report.HalfShare,7:P1} {frequency.Snr,6:F1} {time.Snr,6:F1} {worst,6:F1}  {group}");
        }

        static bool Multiplies(Node node) => node.Op.Flops(node.Inputs, node.Outputs) > 0;
    }
}
