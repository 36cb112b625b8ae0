using System.Globalization;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// Would powers of two, moved between layers, help half precision? The package runs on made-up music with results rounded to halves, and once
/// more rounded to a half's eleven bits with exponents without end, which is what the best of all such scalings could come to. Then
/// the results nearest to overflow, and those with the most values below the normal halves.
/// <c>coreml ranges MODEL [--target T] [--precision P] [--single LIST] [--gain FACTOR]</c>
/// </summary>
internal static class PackageRanges
{
    private const int Shown = 5;
    private const double SmallestNormal = 1.0 / 16384, Largest = 65504;

    public static void Run(string[] args)
    {
        PackageArguments arguments = new(args);
        PackageTruth truth = new(arguments.Model, float.Parse(arguments.Value("--gain", "1"), CultureInfo.InvariantCulture));
        List<(string Name, double Peak, double Sunk)> ranges = [];
        double halves = truth.Judge(arguments.Options, path => truth.Open(path, observe: (operation, result) =>
        {
            if (result.Spec.Kind == ElementKind.Float16)
            {
                (double peak, long sunk) = (0, 0);
                foreach (float v in result.Span)
                {
                    double size = Math.Abs(v);
                    peak = Math.Max(peak, size);
                    sunk += size is > 0 and < SmallestNormal ? 1 : 0;
                }

                ranges.Add((operation.Name, peak, sunk / (double)result.Elements));
            }
        }));
        double unlimited = truth.Judge(arguments.Options, path => truth.Open(path, Ranges.RoundToElevenBits));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{arguments}: worst stem {halves:F1} dB with halves, {unlimited:F1} dB with exponents without end"));
        foreach ((string name, double peak, _) in ranges.OrderByDescending(r => r.Peak).Take(Shown))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: up to {peak:G3}, {peak / Largest:P1} of the largest half"));
        }

        foreach ((string name, _, double sunk) in ranges.OrderByDescending(r => r.Sunk).Take(Shown))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: {sunk:P1} of the values below the normal halves"));
        }
    }
}
