namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>What a simulation has come to.</summary>
/// <param name="Jobs">Jobs that were handed in.</param>
/// <param name="Workers">Workers at a time.</param>
/// <param name="Records">Records that there are: as many as jobs.</param>
/// <param name="Lost">Jobs that never ended.</param>
/// <param name="Wrong">Jobs that ended otherwise than they should.</param>
/// <param name="Unlucky">Sound jobs that were given up, because as many workers died with them.</param>
/// <param name="DeadLetters">Dead letters.</param>
/// <param name="Deaths">Workers that were killed.</param>
/// <param name="ElapsedSeconds">How long it took.</param>
/// <param name="LeastSeconds">How long the work alone takes on as many workers.</param>
/// <param name="QueueLoad">Share of the time for which the server was busy.</param>
/// <param name="StoreLoad">Share of the time for which the object store was.</param>
/// <param name="MostRunning">Most jobs that were out at once.</param>
/// <param name="WorkerLoad">Share of their time that workers separated.</param>
internal sealed record SimulationReport(
    int Jobs, int Workers, int Records, int Lost, int Wrong, int Unlucky, int DeadLetters, long Deaths, double ElapsedSeconds, double LeastSeconds, double QueueLoad, double StoreLoad,
    int MostRunning, double WorkerLoad)
{
    internal string ToText() => FormattableString.Invariant(
        $"{Jobs} jobs, {Workers} workers: {ElapsedSeconds / 3600:0.00} h, {ElapsedSeconds / LeastSeconds:0.000} of the work alone; {Lost} lost, {Wrong} wrong, {Unlucky} unlucky, {DeadLetters} dead letters, {Deaths} workers killed; queue busy {QueueLoad:0.0%}, object store {StoreLoad:0.0%}, {MostRunning} jobs out at most, workers at work {WorkerLoad:0.0%}");
}
