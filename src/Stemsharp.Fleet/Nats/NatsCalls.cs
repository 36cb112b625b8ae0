using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;
using NATS.Client.ObjectStore;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Nats;

/// <summary>Calls to the server: each for a limited time, and whatever keeps an answer away is told in one way.</summary>
internal static class NatsCalls
{
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(5);

    /// <exception cref="ConnectionLostException">There was no answer, or none that means anything but "later".</exception>
    internal static async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, TimeSpan? most = null)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(most ?? s_most);
        try
        {
            return await call(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionLostException("The queue's server does not answer.", exception);
        }
        catch (Exception exception) when (exception is NatsException or IOException or ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionLostException($"The queue's server: {exception.Message}", exception);
        }
    }

    /// <exception cref="ConnectionLostException">There was no answer.</exception>
    internal static Task AskAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await call(token).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <summary>What a server says of something that is not there.</summary>
    internal static bool IsAbsent(this NatsException exception) =>
        exception is NatsKVKeyNotFoundException or NatsKVKeyDeletedException or NatsObjNotFoundException || exception is NatsJSApiException { Error.Code: 404 };
}
