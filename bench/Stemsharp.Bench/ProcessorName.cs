using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Stemsharp.Bench;

/// <summary>What processor this is: results are filed by it.</summary>
internal static partial class ProcessorName
{
    /// <summary>Such as "AMD EPYC (Zen 5), 2 cores, .NET 10.0.12, Linux".</summary>
    public static string Description =>
        $"{Name}, {Environment.ProcessorCount} {(Environment.ProcessorCount == 1 ? "core" : "cores")}, {RuntimeInformation.FrameworkDescription}, {(OperatingSystem.IsLinux() ? "Linux" : RuntimeInformation.OSDescription)}";

    /// <summary>Such as "amd-epyc-zen5-2-cores".</summary>
    public static string Folder =>
        NotWord().Replace($"{Name.Replace("Zen ", "Zen", StringComparison.Ordinal)} {Environment.ProcessorCount} cores".ToLowerInvariant(), "-").Trim('-');

    private static string Name
    {
        get
        {
            string? model = Fact("model name");
            if (model == null)
            {
                return $"{RuntimeInformation.ProcessArchitecture}";
            }

            // A virtual machine may hide the number of the model, but not the family.
            string? generation = (Fact("vendor_id"), Fact("cpu family")) switch
            {
                ("AuthenticAMD", "26") => "Zen 5",
                ("AuthenticAMD", "25") => "Zen 3 or 4",
                ("AuthenticAMD", "23") => "Zen 1 or 2",
                _ => null,
            };
            return generation == null ? model : $"{model} ({generation})";
        }
    }

    private static string? Fact(string key) =>
        OperatingSystem.IsLinux()
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotWord();
}
