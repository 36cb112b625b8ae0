using System.Globalization;
using System.Text.RegularExpressions;
using Stemsharp.Export.CoreML;
using Stemsharp.Graph;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// What has to be in single precision, of any network? Each group of layers that mixed packages have in half precision is in half by
/// itself, everything else in single; then groups join in the order of what a multiply-add in half costs, dearest last, and every
/// step of that curve is written as a package, read back and interpreted on made-up music.
/// <c>coreml search MODEL [--target T] [--single LIST] [--layers] [--from DB] [--to DB] [--as-is]</c>
/// Groups are layers of one name without its numbers; with <c>--layers</c> every layer is one. The curve is run where the sum of the groups'
/// noise promises between <c>--from</c> (80) and <c>--to</c> (50). With <c>--as-is</c> only the package that the options make is judged, in any precision.
/// </summary>
internal static partial class PackageSearch
{
    public static void Run(string[] args)
    {
        PackageArguments arguments = new(args);
        PackageTruth truth = new(arguments.Model);
        (double now, double nowHalf) = Try(null);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{arguments.Model}: as it is, {now:F1} dB in the worst stem, {nowHalf:P1} in half precision"));
        if (args.Contains("--as-is"))
        {
            return;
        }

        bool layers = args.Contains("--layers");
        HashSet<string> half = HalfNodes(truth, arguments.Options);
        List<(double Noise, double Share, string Patterns)> groups = [];
        foreach (IGrouping<string, string> group in half.GroupBy(name => layers ? name : Number().Replace(name, "*")))
        {
            (double snr, double share) = Try([$"!{group.Key}"]);
            groups.Add((Math.Pow(10, snr / -10), share, group.Key));
        }

        Console.WriteLine($"{arguments.Model}: SNR of the worst stem in dB with the group in half precision alone, its share of the multiply-adds, group");
        double sum = 0;
        double from = double.Parse(arguments.Value("--from", "80"), CultureInfo.InvariantCulture), to = double.Parse(arguments.Value("--to", "50"), CultureInfo.InvariantCulture);
        List<string> joined = [];
        foreach ((double noise, double share, string patterns) in groups.OrderBy(g => g.Noise / (g.Share + 1e-4)))
        {
            joined.Add($"!{patterns}");
            sum += noise;
            string curve = -10 * Math.Log10(sum) is double promised && promised <= from && promised >= to && Try(joined) is var (snr, all)
                ? string.Create(CultureInfo.InvariantCulture, $"   with all before {snr,6:F1} dB, {all,7:P1} in half")
                : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{-10 * Math.Log10(noise),6:F1} {share,7:P1}  {patterns}{curve}"));
        }

        (double Snr, double Share) Try(IReadOnlyList<string>? patterns)
        {
            CoreMLReport? report = null;
            double worst = truth.Judge(patterns is null ? arguments.Options : arguments.Options with { SinglePrecision = ["*", .. patterns] }, path =>
            {
                report = CoreMLReport.Read(path);
                return truth.Open(path);
            });
            return (worst, report!.HalfShare);
        }
    }

    private static HashSet<string> HalfNodes(PackageTruth truth, CoreMLExportOptions options)
    {
        Graph.Graph graph = truth.Network.Record(truth.Samples);
        Export.CoreML.Lowering.PrecisionPolicy policy = Export.CoreML.Lowering.PrecisionPolicy.Create(CoreMLPrecision.Mixed, options.SinglePrecision, palettized: false, graph);
        return [.. graph.Nodes.Where(n => policy.For(n) == Export.CoreML.Mil.MilType.Float16 && n.Op is not (ReshapeOp or SwapOp or SingleRowOp)).Select(n => n.Name)];
    }

    [GeneratedRegex(@"(?<=^|\.)\d+(?=\.)")]
    private static partial Regex Number();
}
