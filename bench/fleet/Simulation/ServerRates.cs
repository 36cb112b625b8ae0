namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>What a server does in a second, and how long an answer is under way: measured, or made up for tests.</summary>
/// <param name="Add">Jobs put into the queue.</param>
/// <param name="Take">Jobs handed out, or refused.</param>
/// <param name="Acknowledge">Acknowledgements, confirmed.</param>
/// <param name="Read">Records read.</param>
/// <param name="Write">Records changed.</param>
/// <param name="Look">Questions for what the queue holds.</param>
/// <param name="LatencySeconds">There or back.</param>
/// <param name="StoreBytes">Bytes in or out of the object store.</param>
internal sealed record ServerRates(double Add, double Take, double Acknowledge, double Read, double Write, double Look, double LatencySeconds, double StoreBytes)
{
    /// <summary>A slow server, for tests.</summary>
    internal static ServerRates Slow { get; } = new(5_000, 5_000, 5_000, 10_000, 5_000, 5_000, 0.001, 50e6);

    public override string ToString() => FormattableString.Invariant(
        $"per second: {Add:0} added, {Take:0} taken, {Acknowledge:0} acknowledged, {Read:0} read, {Write:0} written, {Look:0} looks; {LatencySeconds * 1e3:0.00} ms there or back; object store {StoreBytes / 1e6:0} MB/s");
}

/// <summary>What goes wrong on the way.</summary>
/// <param name="Lost">Share of the messages, in either direction, that do not arrive.</param>
/// <param name="Repeated">Share of the calls that reach the server twice.</param>
/// <param name="Delayed">Share of the messages that take a hundred times as long.</param>
internal sealed record NetworkFaults(double Lost, double Repeated, double Delayed)
{
    internal static NetworkFaults None { get; } = new(0, 0, 0);
}
