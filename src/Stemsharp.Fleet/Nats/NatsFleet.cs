using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Nats;

/// <summary>A fleet on a NATS server with JetStream, from 2.9 on. What it needs there is made by whoever comes first.</summary>
internal sealed class NatsFleet : IFleetTransport, IAsyncDisposable
{
    /// <summary>For how long a silent worker keeps its job, where nobody has said otherwise.</summary>
    internal static readonly TimeSpan UsualLease = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(20), s_again = TimeSpan.FromMilliseconds(500), s_reconnect = TimeSpan.FromMilliseconds(200), s_reconnectMost = TimeSpan.FromSeconds(2);

    private readonly NatsConnection _connection;

    private NatsFleet(NatsConnection connection, INatsKVStore jobs, INatsKVStore dead, INatsKVStore workers, NatsJSContext context, string name, TimeSpan lease)
    {
        _connection = connection;
        Jobs = new NatsBucket(jobs);
        DeadLetters = new NatsBucket(dead);
        Workers = new NatsBucket(workers);
        Lease = lease;
        Context = context;
        Name = name;
        Queue = new NatsQueue(context, name, lease, Workers);
    }

    public IBucket Jobs { get; }

    public IBucket DeadLetters { get; }

    public IBucket Workers { get; }

    public IWorkQueue Queue { get; }

    public TimeSpan Lease { get; }

    public TimeProvider Clock => TimeProvider.System;

    /// <summary>The server's JetStream.</summary>
    internal INatsJSContext Context { get; }

    /// <summary>The fleet's name there.</summary>
    internal string Name { get; }

    /// <summary>Connects, and makes what is not there.</summary>
    /// <param name="address">Where.</param>
    /// <param name="lease">For how long a silent worker keeps its job, for the whole fleet; null for what it has, or the usual.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ExternalToolException">The server is not there, lets nobody in, or has no JetStream.</exception>
    internal static async Task<NatsFleet> OpenAsync(QueueAddress address, TimeSpan? lease, CancellationToken cancellationToken)
    {
        NatsConnection connection = new(new NatsOpts
        {
            Url = address.Servers,
            Name = "stemsharp",
            AuthOpts = NatsCredentials.Of(Environment.GetEnvironmentVariable),
            TlsOpts = NatsCredentials.Certificates(Environment.GetEnvironmentVariable),
            MaxReconnectRetry = -1,
            ReconnectWaitMin = s_reconnect,
            ReconnectWaitMax = s_reconnectMost,
        });
        Exception? last = null;
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_most);
            while (true)
            {
                try
                {
                    await connection.ConnectAsync().AsTask().WaitAsync(limit.Token).ConfigureAwait(false);
                    return await OpenAsync(connection, address.Name, lease, limit.Token).ConfigureAwait(false);
                }
                catch (NatsException exception) when (Passes(exception) && !limit.IsCancellationRequested)
                {
                    // It starts just now, or it was killed meanwhile.
                    last = exception;
                    await Task.Delay(s_again, limit.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is NatsException or OperationCanceledException or ConnectionLostException or IOException)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            last = exception is OperationCanceledException ? last : exception;
            string why = last is null ? "it does not answer" : last.InnerException is { } inner ? $"{last.Message} ({inner.Message})" : last.Message;
            throw new ExternalToolException(
                $"The queue at {address.Servers} cannot be used: {why}. It takes a nats-server from 2.9 on with JetStream (nats-server --jetstream --store_dir FOLDER); " +
                $"credentials come from the environment ({string.Join(", ", NatsCredentials.Variables)}).", exception);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static async Task<NatsFleet> OpenAsync(NatsConnection connection, string name, TimeSpan? lease, CancellationToken cancellationToken)
    {
        NatsJSContext context = new(connection);
        NatsKVContext buckets = new(context);
        await ThereAsync(
            token => context.GetStreamAsync(NatsQueue.StreamName(name), cancellationToken: token),
            token => context.CreateStreamAsync(NatsQueue.Stream(name), token), cancellationToken).ConfigureAwait(false);
        INatsKVStore jobs = await BucketAsync(new NatsKVConfig($"{name}-jobs")).ConfigureAwait(false);
        INatsKVStore dead = await BucketAsync(new NatsKVConfig($"{name}-dead")).ConfigureAwait(false);
        // The lease of the fleet is the time for which workers are remembered.
        INatsKVStore workers = await BucketAsync(WorkersOf(lease ?? UsualLease)).ConfigureAwait(false);
        TimeSpan there = (await workers.GetStatusAsync(cancellationToken).ConfigureAwait(false)).Info.Config.MaxAge;
        if (lease is { } other && other != there)
        {
            await buckets.UpdateStoreAsync(WorkersOf(other), cancellationToken).ConfigureAwait(false);
        }

        NatsFleet fleet = new(connection, jobs, dead, workers, context, name, lease ?? there);
        if (lease is { } changed && changed != there)
        {
            await ((NatsQueue)fleet.Queue).SetLeaseAsync(changed, cancellationToken).ConfigureAwait(false);
        }

        return fleet;

        NatsKVConfig WorkersOf(TimeSpan age) => new($"{name}-workers") { MaxAge = age };

        Task<INatsKVStore> BucketAsync(NatsKVConfig config) => ThereAsync(
            token => buckets.GetStoreAsync(config.Bucket, token), token => buckets.CreateStoreAsync(config, token), cancellationToken);
    }

    // Who is not let in now is not let in later.
    private static bool Passes(NatsException exception) =>
        exception is not NatsJSApiException && !exception.ToString().Contains("authorization", StringComparison.OrdinalIgnoreCase);

    // Somebody else may make it in between.
    private static async Task<T> ThereAsync<T>(
        Func<CancellationToken, ValueTask<T>> find, Func<CancellationToken, ValueTask<T>> make, CancellationToken cancellationToken)
    {
        try
        {
            return await find(cancellationToken).ConfigureAwait(false);
        }
        catch (NatsException exception) when (exception.IsAbsent())
        {
            try
            {
                return await make(cancellationToken).ConfigureAwait(false);
            }
            catch (NatsJSApiException)
            {
                return await find(cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
