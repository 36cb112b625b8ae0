using System.Text.Json;

namespace Stemsharp.Bench.CommandLine;

/// <summary>
/// Does <c>stemsharp plan</c> foresee what <c>stemsharp separate</c> takes? Both are run with the same options; time within
/// 15 %, memory of the whole process tree never under and at most 25 % over is what it promises.
/// </summary>
internal static class PlanAccuracy
{
    /// <param name="app">Stemsharp.Cli.dll, or a published executable.</param>
    /// <param name="seconds">Length of the song.</param>
    /// <param name="extension">Its format.</param>
    /// <param name="options">Options of both commands.</param>
    public static void Print(string app, double seconds, string extension, string[] options)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        try
        {
            string song = Path.Combine(folder, "song." + extension);
            SampleSong.Write(song, seconds);
            string[] work = [song, "-o", Path.Combine(folder, "out"), .. options];
            MeasuredRun planned = MeasuredRun.Of(app, ["plan", "--json", .. work]);
            using JsonDocument plan = JsonDocument.Parse(planned.Output);
            double time = plan.RootElement.GetProperty("seconds").GetDouble();
            long memory = plan.RootElement.GetProperty("memory_bytes").GetInt64();
            long disk = plan.RootElement.GetProperty("disk_bytes").GetInt64();
            MeasuredRun made = MeasuredRun.Of(app, ["separate", "--quiet", .. work]);
            long files = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) - new FileInfo(song).Length;
            Console.WriteLine(
                $"{seconds,6:F0} s {extension,-4} {string.Join(' ', options)}: time {made.Seconds:F1} s, planned {time:F1} ({time / made.Seconds - 1:+0%;-0%}); " +
                $"memory {made.PeakBytes / 1e6:F0} MB, planned {memory / 1e6:F0} ({(double)memory / made.PeakBytes - 1:+0%;-0%}); " +
                $"files {files / 1e6:F0} MB, planned with what waits {disk / 1e6:F0}; plan took {planned.Seconds:F1} s");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
