using System.Collections.Concurrent;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Nats;

/// <summary>
/// A work queue of JetStream: a subject for each job, below its lane and model, and a consumer for each lane and model. The stream takes
/// no second message on a subject, so that a job is in it once.
/// </summary>
internal sealed class NatsQueue(INatsJSContext context, string name, TimeSpan lease, IBucket workers) : IWorkQueue
{
    private const string IdleGroup = "idle";
    private const int LeastAllowed = 1000, MostPerSubjectExceeded = 10077;

    private static readonly TimeSpan s_fetch = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(Lane, string), INatsJSConsumer> _consumers = new();

    /// <summary>The stream's name.</summary>
    internal static string StreamName(string fleet) => $"{fleet}-queue";

    /// <summary>The stream as it has to be.</summary>
    internal static StreamConfig Stream(string fleet) => new(StreamName(fleet), [$"{fleet}.job.>"])
    {
        Retention = StreamConfigRetention.Workqueue,
        Storage = StreamConfigStorage.File,
        MaxMsgsPerSubject = 1,
        Discard = StreamConfigDiscard.New,
        DiscardNewPerSubject = true,
    };

    public Task<bool> AddAsync(Lane lane, string model, JobMessage message, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token =>
        {
            await ConsumerAsync(lane, model, token).ConfigureAwait(false);
            PubAckResponse answer = await context.PublishAsync(Subject(lane, model, message), Array.Empty<byte>(), cancellationToken: token).ConfigureAwait(false);
            if (answer.Error is { } error && error.ErrCode != MostPerSubjectExceeded)
            {
                throw new NatsJSApiException(error);
            }

            return answer.Error is null;
        },
        cancellationToken);

    public Task<IDelivery?> TakeAsync(Lane lane, string model, CancellationToken cancellationToken) => NatsCalls.AskAsync<IDelivery?>(
        async token =>
        {
            INatsJSConsumer consumer = await ConsumerAsync(lane, model, token).ConfigureAwait(false);
            NatsJSFetchOpts one = new() { MaxMsgs = 1, Expires = s_fetch };
            await foreach (INatsJSMsg<byte[]> message in consumer.FetchNoWaitAsync<byte[]>(one, cancellationToken: token).ConfigureAwait(false))
            {
                return new Delivery(message);
            }

            return null;
        },
        cancellationToken);

    // Of the workers that wait, the server tells one of each new message. Whoever comes too late for that looks once more by itself.
    public async Task WaitAsync(IReadOnlyCollection<string> models, TimeSpan most, CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(most);
        try
        {
            string[] subjects = models.Count == 0 ? [$"{name}.job.>"] : [.. models.Select(m => $"{name}.job.*.{m}.>")];
            Task[] bells = [.. subjects.Select(s => RingsAsync(s, over.Token))];
            IReadOnlyList<QueueDepth> now = await DepthsAsync(over.Token).ConfigureAwait(false);
            if (!now.Any(d => d.Waiting > 0 && (models.Count == 0 || models.Contains(d.Model))))
            {
                await Task.WhenAny(bells).ConfigureAwait(false);
            }

            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(bells).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ConnectionLostException && !cancellationToken.IsCancellationRequested)
        {
            // The time is over, or the server is away for a while.
            await Task.Delay(exception is ConnectionLostException ? most / 2 : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public Task<IReadOnlyList<QueueDepth>> DepthsAsync(CancellationToken cancellationToken) => NatsCalls.AskAsync<IReadOnlyList<QueueDepth>>(
        async token =>
        {
            List<QueueDepth> depths = [];
            await foreach (INatsJSConsumer consumer in context.ListConsumersAsync(StreamName(name), token).ConfigureAwait(false))
            {
                string[] words = consumer.Info.Name.Split('-', 2);
                if (words.Length == 2 && Enum.TryParse(words[0], ignoreCase: true, out Lane lane))
                {
                    _consumers.TryAdd((lane, words[1]), consumer);
                    depths.Add(new QueueDepth(lane, words[1], (long)consumer.Info.NumPending, consumer.Info.NumAckPending));
                }
            }

            return depths;
        },
        cancellationToken);

    public Task<DateTimeOffset?> OldestAsync(Lane lane, string model, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token =>
        {
            try
            {
                INatsJSStream stream = await context.GetStreamAsync(StreamName(name), cancellationToken: token).ConfigureAwait(false);
                StreamMsgGetResponse first = await stream.GetAsync(new StreamMsgGetRequest { Seq = 1, NextBySubj = Subjects(lane, model) }, token).ConfigureAwait(false);
                return first.Message.Time;
            }
            catch (NatsJSApiException exception) when (exception.IsAbsent())
            {
                return (DateTimeOffset?)null;
            }
        },
        cancellationToken);

    public Task AllowAsync(int running, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token =>
        {
            await foreach (INatsJSConsumer consumer in context.ListConsumersAsync(StreamName(name), token).ConfigureAwait(false))
            {
                ConsumerConfig config = consumer.Info.Config;
                // Half as many again is soon enough.
                if (config.MaxAckPending < running * 2 / 3)
                {
                    config.MaxAckPending = running;
                    await context.UpdateConsumerAsync(StreamName(name), config, token).ConfigureAwait(false);
                }
            }
        },
        cancellationToken);

    /// <summary>Gives consumers another lease.</summary>
    internal Task SetLeaseAsync(TimeSpan lease, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token =>
        {
            await foreach (INatsJSConsumer consumer in context.ListConsumersAsync(StreamName(name), token).ConfigureAwait(false))
            {
                ConsumerConfig config = consumer.Info.Config;
                config.AckWait = lease;
                await context.UpdateConsumerAsync(StreamName(name), config, token).ConfigureAwait(false);
            }
        },
        cancellationToken);

    private async Task RingsAsync(string subject, CancellationToken over)
    {
        await foreach (NatsMsg<byte[]> _ in context.Connection.SubscribeAsync<byte[]>(subject, IdleGroup, cancellationToken: over).ConfigureAwait(false))
        {
            return;
        }
    }

    private string Subjects(Lane lane, string model) => $"{name}.job.{Word(lane)}.{model}.>";

    private string Subject(Lane lane, string model, JobMessage message) => $"{name}.job.{Word(lane)}.{model}.{message.Id}.{message.Generation}";

    private static string Word(Lane lane) => lane.ToString().ToLowerInvariant();

    private async Task<INatsJSConsumer> ConsumerAsync(Lane lane, string model, CancellationToken cancellationToken)
    {
        if (_consumers.TryGetValue((lane, model), out INatsJSConsumer? known))
        {
            return known;
        }

        string consumer = $"{Word(lane)}-{model}";
        try
        {
            return _consumers[(lane, model)] = await context.GetConsumerAsync(StreamName(name), consumer, cancellationToken).ConfigureAwait(false);
        }
        catch (NatsJSApiException exception) when (exception.IsAbsent())
        {
            long there = await workers.CountAsync(cancellationToken).ConfigureAwait(false);
            ConsumerConfig config = new(consumer)
            {
                AckPolicy = ConsumerConfigAckPolicy.Explicit,
                AckWait = lease,
                MaxDeliver = -1,
                MaxAckPending = (int)Math.Max(LeastAllowed, there * 2),
                FilterSubject = Subjects(lane, model),
            };
            return _consumers[(lane, model)] = await context.CreateOrUpdateConsumerAsync(StreamName(name), config, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Delivery(INatsJSMsg<byte[]> message) : IDelivery
    {
        // NAME.job.LANE.MODEL.ID.GENERATION
        public JobMessage Message { get; } = message.Subject.Split('.') is [.., var id, var generation]
            ? new JobMessage(id, int.Parse(generation, System.Globalization.CultureInfo.InvariantCulture))
            : throw new StemsharpException($"The queue holds a message on {message.Subject}, which is no job of this version.");

        public Task KeepAsync(CancellationToken cancellationToken) =>
            NatsCalls.AskAsync(async token => await message.AckProgressAsync(cancellationToken: token).ConfigureAwait(false), cancellationToken);

        public Task AcknowledgeAsync(CancellationToken cancellationToken) =>
            NatsCalls.AskAsync(async token => await message.AckAsync(new AckOpts { DoubleAck = true }, token).ConfigureAwait(false), cancellationToken);

        public Task GiveBackAsync(TimeSpan delay, CancellationToken cancellationToken) => NatsCalls.AskAsync(
            async token => await message.NakAsync(new AckOpts { DoubleAck = true, NakDelay = delay > TimeSpan.Zero ? delay : null }, token).ConfigureAwait(false), cancellationToken);
    }
}
