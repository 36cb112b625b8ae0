using System.Diagnostics;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// How long does an export take, with how much memory, and how large is the package?
/// <c>coreml export [MODEL] [--target T] [--precision P] [--palettize N] …</c>, one package a process.
/// </summary>
internal static class PackageExport
{
    public static async Task RunAsync(string[] args)
    {
        PackageArguments arguments = new(args);
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.mlpackage");
            ModelSource source = await new ModelCatalog(new ModelCatalogOptions { Offline = true }).ResolveAsync(arguments.Model);
            long start = Stopwatch.GetTimestamp();
            TimeSpan before = Environment.CpuUsage.TotalTime;
            CoreMLExporter.Export(source, path, arguments.Options);
            TimeSpan processor = Environment.CpuUsage.TotalTime - before;
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            using Process process = Process.GetCurrentProcess();
            long peak = process.PeakWorkingSet64;
            CoreMLReport report = CoreMLReport.Read(path);
            Console.WriteLine($"{arguments}: {seconds:F1} s, {processor.TotalSeconds:F1} s of processor time, peak {peak / 1e6:F0} MB; {report.TotalBytes / 1e6:F2} MB, {report.Operations.Sum(o => o.Float16 + o.Float32)} operations, {report.Operations.Where(o => o.Operation == "transpose").Sum(o => o.Float16 + o.Float32)} transposes, {report.HalfShare:P1} of the multiply-adds in half");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
