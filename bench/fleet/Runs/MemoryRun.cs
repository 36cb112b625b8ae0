using System.Globalization;
using System.Text.Json;
using Stemsharp.Cli.Tests;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>Whether a worker's memory stays as it is over many jobs.</summary>
internal static class MemoryRun
{
    private const int Least = 100;

    internal static async Task<int> RunAsync(int jobs)
    {
        using TemporaryFolder folder = new();
        string songs = folder.Combine("songs");
        for (int i = 0; i < jobs; i++)
        {
            Songs.Make(Path.Combine(songs, $"{i:00000}.wav"), 1 + i % 100 * 0.01);
        }

        Directory.CreateDirectory(folder.Combine("nats"));
        using NatsServer server = await NatsServer.StartAsync(folder.Combine("nats"));
        (int code, _, string said) = await ChildProcess.RunAsync(["submit", "--queue", server.Url, songs, "--model", "demo", "-o", folder.Combine("stems"), "--quiet"]);
        if (code != 0)
        {
            Console.Error.WriteLine(said);
            return code;
        }

        List<long> resident = [];
        WorkerProcess? worker = null;
        void Told(JsonElement line)
        {
            if (line.GetProperty("event").GetString() == "left" && worker is not null)
            {
                resident.Add(Resident(worker.Pid));
                if (resident.Count % Math.Max(Least, jobs / 20) == 0)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{resident.Count,6} jobs  {resident[^1] / 1e6:0.0} MB"));
                }
            }
        }

        using (worker = WorkerProcess.Start(server.Url, Told, "--until-empty"))
        {
            await worker.EndAsync();
        }

        // The mean of a tenth after the start, and of the last one.
        int tenth = resident.Count / 10;
        double early = resident.Skip(tenth).Take(tenth).Average(), late = resident.TakeLast(tenth).Average();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{resident.Count} jobs; the second tenth {early / 1e6:0.0} MB, the last {late / 1e6:0.0} MB, at most {resident.Max() / 1e6:0.0} MB"));
        return late < early * 1.05 ? 0 : 1;
    }

    private static long Resident(int pid)
    {
        try
        {
            string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.AsSpan(6).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // It ended with this job.
            return 0;
        }
    }
}
