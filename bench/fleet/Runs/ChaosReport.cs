namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>What a chaos run has come to.</summary>
/// <param name="Jobs">Jobs that were handed in.</param>
/// <param name="Kills">Processes that were killed: workers, servers and submitters.</param>
/// <param name="ServerKills">How many of these were servers.</param>
/// <param name="Pauses">Workers that were halted for longer than a lease, and went on.</param>
/// <param name="Stops">Workers that were asked to end.</param>
/// <param name="Files">Files that were compared with those of a plain run.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Faults">What should not be; empty where all is well.</param>
internal sealed record ChaosReport(int Jobs, int Kills, int ServerKills, int Pauses, int Stops, int Files, TimeSpan Elapsed, IReadOnlyList<string> Faults)
{
    internal string ToText() => string.Join('\n',
    [
        FormattableString.Invariant($"{Jobs} jobs, {Kills} kills ({ServerKills} of the server), {Pauses} pauses longer than a lease, {Stops} stops, {Elapsed.TotalSeconds:0} s"),
        $"{Files} files compared",
        Faults.Count == 0 ? "every job ended once, every byte is that of a plain run, dead letters are those of the poisoned jobs" : $"{Faults.Count} faults:",
        .. Faults,
    ]);
}
