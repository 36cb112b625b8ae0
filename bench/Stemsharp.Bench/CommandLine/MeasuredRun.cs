using System.Diagnostics;
using System.Globalization;

namespace Stemsharp.Bench.CommandLine;

/// <summary>A run of the built command line, seen from outside: time, and resident memory of it and its children together.</summary>
internal sealed record MeasuredRun(double Seconds, long PeakBytes, string Output)
{
    private const int SampleMilliseconds = 10;
    private static readonly long PageBytes = Environment.SystemPageSize;

    /// <summary>Runs to the end.</summary>
    /// <param name="app">Stemsharp.Cli.dll, or a published executable.</param>
    /// <param name="arguments">What to do.</param>
    public static MeasuredRun Of(string app, params string[] arguments)
    {
        string[] prefix = app.EndsWith(".dll", StringComparison.Ordinal) ? ["exec", app] : [];
        ProcessStartInfo start = new(prefix.Length > 0 ? "dotnet" : app, [.. prefix, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(SampleMilliseconds))
        {
            peak = Math.Max(peak, Tree(process.Id));
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return process.ExitCode == 0
            ? new MeasuredRun(seconds, peak, output.Result)
            : throw new InvalidOperationException($"{app} {string.Join(' ', arguments)}: {error.Result}");
    }

    private static string? Program(int process) => File.ResolveLinkTarget($"/proc/{process}/exe", returnFinalTarget: false)?.FullName;

    /// <summary>Resident bytes of a process and of all below it; pages that several share count for each.</summary>
    private static long Tree(int process)
    {
        try
        {
            long sum = long.Parse(File.ReadAllText($"/proc/{process}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * PageBytes;
            foreach (string task in Directory.EnumerateDirectories($"/proc/{process}/task"))
            {
                foreach (string child in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    // Until it runs its own program, a child is seen with its parent's memory.
                    int id = int.Parse(child, CultureInfo.InvariantCulture);
                    if (Program(id) != Program(process))
                    {
                        sum += Tree(id);
                    }
                }
            }

            return sum;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return 0; // It has just ended.
        }
    }
}
