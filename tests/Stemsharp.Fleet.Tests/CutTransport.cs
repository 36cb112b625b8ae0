using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Tests;

/// <summary>A transport whose network can be cut and mended again.</summary>
internal sealed class CutTransport(IFleetTransport whole) : IFleetTransport
{
    /// <summary>Whether nothing comes through.</summary>
    internal bool IsCut { get; set; }

    public IBucket Jobs => new Bucket(this, whole.Jobs);

    public IBucket DeadLetters => new Bucket(this, whole.DeadLetters);

    public IBucket Workers => new Bucket(this, whole.Workers);

    public IWorkQueue Queue => new WorkQueue(this, whole.Queue);

    public TimeSpan Lease => whole.Lease;

    public TimeProvider Clock => whole.Clock;

    private void Check()
    {
        if (IsCut)
        {
            throw new ConnectionLostException("The network is cut.", new IOException());
        }
    }

    private sealed class Bucket(CutTransport owner, IBucket whole) : IBucket
    {
        private IBucket Whole
        {
            get
            {
                owner.Check();
                return whole;
            }
        }

        public async Task<BucketEntry?> GetAsync(string key, CancellationToken cancellationToken) => await Whole.GetAsync(key, cancellationToken);

        public async Task<ulong?> CreateAsync(string key, byte[] value, CancellationToken cancellationToken) => await Whole.CreateAsync(key, value, cancellationToken);

        public async Task<ulong?> UpdateAsync(string key, byte[] value, ulong revision, CancellationToken cancellationToken) => await Whole.UpdateAsync(key, value, revision, cancellationToken);

        public async Task PutAsync(string key, byte[] value, CancellationToken cancellationToken) => await Whole.PutAsync(key, value, cancellationToken);

        public async Task DeleteAsync(string key, CancellationToken cancellationToken) => await Whole.DeleteAsync(key, cancellationToken);

        public async Task<long> CountAsync(CancellationToken cancellationToken) => await Whole.CountAsync(cancellationToken);

        public IAsyncEnumerable<BucketEntry> ListAsync(CancellationToken cancellationToken) => Whole.ListAsync(cancellationToken);

        public IAsyncEnumerable<BucketEntry> WatchAsync(CancellationToken cancellationToken) => Whole.WatchAsync(cancellationToken);
    }

    private sealed class WorkQueue(CutTransport owner, IWorkQueue whole) : IWorkQueue
    {
        private IWorkQueue Whole
        {
            get
            {
                owner.Check();
                return whole;
            }
        }

        public async Task<bool> AddAsync(Lane lane, string model, JobMessage message, CancellationToken cancellationToken) => await Whole.AddAsync(lane, model, message, cancellationToken);

        public async Task<IDelivery?> TakeAsync(Lane lane, string model, CancellationToken cancellationToken) =>
            await Whole.TakeAsync(lane, model, cancellationToken) is { } delivery ? new Delivery(owner, delivery) : null;

        public async Task WaitAsync(IReadOnlyCollection<string> models, TimeSpan most, CancellationToken cancellationToken) => await Whole.WaitAsync(models, most, cancellationToken);

        public async Task<IReadOnlyList<QueueDepth>> DepthsAsync(CancellationToken cancellationToken) => await Whole.DepthsAsync(cancellationToken);

        public async Task<DateTimeOffset?> OldestAsync(Lane lane, string model, CancellationToken cancellationToken) => await Whole.OldestAsync(lane, model, cancellationToken);

        public async Task AllowAsync(int running, CancellationToken cancellationToken) => await Whole.AllowAsync(running, cancellationToken);
    }

    private sealed class Delivery(CutTransport owner, IDelivery whole) : IDelivery
    {
        public JobMessage Message => whole.Message;

        public Task KeepAsync(CancellationToken cancellationToken) => ThroughAsync(() => whole.KeepAsync(cancellationToken));

        public Task AcknowledgeAsync(CancellationToken cancellationToken) => ThroughAsync(() => whole.AcknowledgeAsync(cancellationToken));

        public Task GiveBackAsync(TimeSpan delay, CancellationToken cancellationToken) => ThroughAsync(() => whole.GiveBackAsync(delay, cancellationToken));

        private async Task ThroughAsync(Func<Task> call)
        {
            owner.Check();
            await call();
        }
    }
}
