using System.Globalization;
using Stemsharp.Fleet.Bench.Runs;

namespace Stemsharp.Fleet.Bench;

/// <summary>
/// How a fleet bears kills, how its workers' memory stays, and how large it may become.
/// <code>
/// dotnet run -c Release --project bench/fleet -- chaos [jobs [workers [kills]]]     default 300 8 60
/// dotnet run -c Release --project bench/fleet -- memory [jobs]                      default 2000
/// dotnet run -c Release --project bench/fleet -- simulate [jobs [workers]]          default 1000000 1000
/// </code>
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["chaos", .. var rest]:
                ChaosReport report = await new ChaosRun { Jobs = Number(rest, 0, 300), Workers = Number(rest, 1, 8), Kills = Number(rest, 2, 60), Say = Console.WriteLine }.RunAsync(CancellationToken.None);
                Console.WriteLine(report.ToText());
                return report.Faults.Count == 0 ? 0 : 1;
            case ["memory", .. var rest]:
                return await MemoryRun.RunAsync(Number(rest, 0, 2000));
            case ["simulate", .. var rest]:
                return await SimulateRun.RunAsync(Number(rest, 0, 1_000_000), Number(rest, 1, 1000));
            default:
                Console.Error.WriteLine("chaos [jobs [workers [kills]]] | memory [jobs] | simulate [jobs [workers]]");
                return 2;
        }
    }

    private static int Number(string[] rest, int at, int missing) => rest.Length > at ? int.Parse(rest[at], CultureInfo.InvariantCulture) : missing;
}
