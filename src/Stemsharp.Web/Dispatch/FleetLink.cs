using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Web.Dispatch;

/// <summary>The fleet that a server hands its songs to.</summary>
/// <param name="transport">Its queue and records.</param>
internal sealed class FleetLink(IFleetTransport transport) : IAsyncDisposable
{
    /// <summary>For how long a request waits for a queue that is away.</summary>
    private static readonly TimeSpan s_request = TimeSpan.FromSeconds(5);

    /// <summary>Jobs, for those who wait for as long as it takes.</summary>
    internal FleetJobs Patient(Action<ConnectionLostException> waiting) => new(transport, new Patience(transport.Clock) { Waiting = waiting });

    /// <summary>Jobs, for those who are answered soon, be it that the queue is away.</summary>
    internal FleetJobs Prompt { get; } = new(transport, new Patience(transport.Clock, s_request));

    /// <summary>Connects to a fleet.</summary>
    /// <param name="address">Its queue, such as <c>nats://queue.example:4222</c>.</param>
    /// <exception cref="OptionException">That is no such address.</exception>
    /// <exception cref="ExternalToolException">The queue cannot be used.</exception>
    public static async Task<FleetLink> OpenAsync(string address) =>
        new(await NatsFleet.OpenAsync(QueueAddress.Parse(address), null, CancellationToken.None).ConfigureAwait(false));

    public ValueTask DisposeAsync() => transport is IAsyncDisposable connection ? connection.DisposeAsync() : ValueTask.CompletedTask;
}
