using System.Runtime.CompilerServices;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>The server as one client sees it.</summary>
internal sealed class SimulatedFleet(SimulatedServer server, SimulatedClient client, TimeSpan lease) : IFleetTransport
{
    public IBucket Jobs { get; } = new Bucket(server, client, server.Jobs);

    public IBucket DeadLetters { get; } = new Bucket(server, client, server.DeadLetters);

    public IBucket Workers { get; } = new Bucket(server, client, server.Workers!);

    public IWorkQueue Queue { get; } = new WorkQueue(server, client);

    public TimeSpan Lease => lease;

    public TimeProvider Clock => client;

    private sealed class Bucket(SimulatedServer server, SimulatedClient client, SimulatedBucketTable table) : IBucket
    {
        public Task<BucketEntry?> GetAsync(string key, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Read, () => table.Get(key));

        public Task<ulong?> CreateAsync(string key, byte[] value, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Write, () => table.Create(key, value));

        public Task<ulong?> UpdateAsync(string key, byte[] value, ulong revision, CancellationToken cancellationToken) =>
            server.CallAsync(client, server.Rates.Write, () => table.Update(key, value, revision));

        public Task PutAsync(string key, byte[] value, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Write, () => table.Put(key, value));

        public Task DeleteAsync(string key, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Write, () => table.Delete(key));

        public Task<long> CountAsync(CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Read, () => table.Count);

        public async IAsyncEnumerable<BucketEntry> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (BucketEntry entry in await server.CallAsync(client, server.Rates.Read, () => table.All.ToArray()).ConfigureAwait(false))
            {
                yield return entry;
            }
        }

        public IAsyncEnumerable<BucketEntry> WatchAsync(CancellationToken cancellationToken) => throw new NotSupportedException("Nobody watches a simulation.");
    }

    private sealed class WorkQueue(SimulatedServer server, SimulatedClient client) : IWorkQueue
    {
        private SimulatedQueueTable Table => server.Queue!;

        public Task<bool> AddAsync(Lane lane, string model, JobMessage message, CancellationToken cancellationToken) =>
            server.CallAsync(client, server.Rates.Add, () => Table.Add(lane, model, message));

        public async Task<IDelivery?> TakeAsync(Lane lane, string model, CancellationToken cancellationToken) =>
            await server.CallAsync(client, server.Rates.Take, () => Table.Take(lane, model)).ConfigureAwait(false) is { } message ? new Delivery(server, client, lane, model, message) : null;

        public async Task WaitAsync(IReadOnlyCollection<string> models, TimeSpan most, CancellationToken cancellationToken)
        {
            TaskCompletionSource rung = new();
            void Ring() => client.After(0, () => rung.TrySetResult());
            Table.WhenAdded(Ring);
            client.After(most.Ticks, () => rung.TrySetResult());
            await rung.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            Table.NoMore(Ring);
        }

        public Task<IReadOnlyList<QueueDepth>> DepthsAsync(CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Look, () => Table.Depths);

        public Task<DateTimeOffset?> OldestAsync(Lane lane, string model, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Look, () =>
            Table.Oldest(lane, model) is { } ticks ? SimulatedClient.At(ticks) : (DateTimeOffset?)null);

        public Task AllowAsync(int running, CancellationToken cancellationToken) => server.CallAsync(client, server.Rates.Look, () =>
        {
            Table.Allow(running);
            return true;
        });
    }

    private sealed class Delivery(SimulatedServer server, SimulatedClient client, Lane lane, string model, JobMessage message) : IDelivery
    {
        public JobMessage Message => message;

        public Task KeepAsync(CancellationToken cancellationToken) => CallAsync(() => server.Queue!.Keep(lane, model, message));

        public Task AcknowledgeAsync(CancellationToken cancellationToken) => CallAsync(() => server.Queue!.Remove(lane, model, message));

        public Task GiveBackAsync(TimeSpan delay, CancellationToken cancellationToken) => CallAsync(() => server.Queue!.GiveBack(lane, model, message, delay));

        private Task<bool> CallAsync(Action effect) => server.CallAsync(client, server.Rates.Acknowledge, () =>
        {
            effect();
            return true;
        });
    }
}
