using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Graph;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// What do palettes cost where? Every layer in turn has its weights in palettes, all others as they are, everything in
/// single precision, and the stems are compared with double precision. In the order of what a byte saved costs.
/// <c>coreml palettes [MODEL] [--target T] [--palettize N] [--palette-group N] [--segment SECONDS] [--golden FOLDER]</c>
/// </summary>
internal static class PackagePalettes
{
    public static void Run(string[] args)
    {
        PackageArguments arguments = new(args);
        using PackageNetwork network = arguments.Open();
        int bits = arguments.Options.PaletteBits ?? 6;
        CoreMLExportOptions options = arguments.Options with { Precision = CoreMLPrecision.Float32, PaletteBits = bits };
        double exact = Noise(network, options with { PaletteKeep = ["*"] });
        List<(double Noise, long Saved, string Layer)> results = [];
        foreach (IGrouping<string, Parameter> layer in network.Graph.Parameters.Where(p => p.Shape.Rank > 1).GroupBy(PalettePolicy.Layer))
        {
            double noise = Noise(network, options with { PaletteKeep = ["*", $"!{layer.Key}"] }) - exact;
            if (noise != 0)
            {
                results.Add((Math.Max(noise, 1e-15), layer.Sum(p => p.Shape.Elements) * (16 - bits) / 8, layer.Key));
            }
        }

        Console.WriteLine($"{network.Model}, {bits} bits: SNR of all stems in dB with the layer in palettes alone, kilobytes saved against halves, layer");
        foreach ((double noise, long saved, string layer) in results.OrderByDescending(r => r.Noise / r.Saved))
        {
            Console.WriteLine($"{-10 * Math.Log10(noise),6:F1} {saved / 1e3,8:F1}  {layer}");
        }
    }

    // The noise's power over that of the stems.
    private static double Noise(PackageNetwork network, CoreMLExportOptions options) =>
        Math.Pow(10, network.CompareAll(network.Run(options).Outputs).Snr / -10);
}
