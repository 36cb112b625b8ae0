using Stemsharp.Fleet.Bench.Simulation;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>A fleet as large as no machine here, on a server whose rates are measured in the same run.</summary>
internal static class SimulateRun
{
    // A song of three minutes as WAV in, and four stems out.
    private const double BytesOfJob = 5 * 31.8e6;
    private const int JobsOfWorker = 5;

    internal static async Task<int> RunAsync(int jobs, int workers)
    {
        ServerRates rates = await RatesRun.MeasureAsync(5000);
        Console.WriteLine($"measured: {rates}");
        NetworkFaults faults = new(Lost: 0.001, Repeated: 0.001, Delayed: 0.001);
        SimulationReport whole = new SimulationRun { Rates = rates, Faults = faults, Jobs = jobs, Workers = workers, KillsPerHour = 0.5, Poisoned = 0.0005, Say = Console.WriteLine }.Run();
        Console.WriteLine($"kills and faults: {whole.ToText()}");

        Console.WriteLine("a shared file system, jobs of 24 s:");
        foreach (int many in (int[])[1000, 2000, 4000, 8000, 16000, 32000])
        {
            Console.WriteLine("  " + new SimulationRun { Rates = rates, Jobs = many * JobsOfWorker, Workers = many }.Run().ToText());
        }

        Console.WriteLine("NATS' object store, jobs of 24 s with 159 MB:");
        foreach (int many in (int[])[10, 20, 40, 80, 160, 320])
        {
            Console.WriteLine("  " + new SimulationRun { Rates = rates, Jobs = many * JobsOfWorker, Workers = many, StoreBytes = BytesOfJob }.Run().ToText());
        }

        Console.WriteLine("2,000 workers where the server hands out 1,000 at most, and where it follows them:");
        Console.WriteLine("  " + new SimulationRun { Rates = rates, Jobs = 20_000, Workers = 2000, Allowed = 1000 }.Run().ToText());
        Console.WriteLine("  " + new SimulationRun { Rates = rates, Jobs = 20_000, Workers = 2000 }.Run().ToText());
        return whole.Lost + whole.Wrong == 0 && whole.Records == jobs ? 0 : 1;
    }
}
