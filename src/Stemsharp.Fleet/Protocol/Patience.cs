namespace Stemsharp.Fleet.Protocol;

/// <summary>Calls a server again that was not reached, at growing intervals.</summary>
/// <param name="clock">Measures the intervals.</param>
/// <param name="most">For how long; null for as long as it takes.</param>
internal sealed class Patience(TimeProvider clock, TimeSpan? most = null)
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100), s_longest = TimeSpan.FromSeconds(5);

    /// <summary>Called before each new try, with what happened.</summary>
    internal Action<ConnectionLostException>? Waiting { get; init; }

    /// <summary>Calls until there is an answer.</summary>
    /// <exception cref="ConnectionLostException">There was none for too long.</exception>
    internal async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        long began = clock.GetTimestamp();
        for (TimeSpan wait = s_first; ; wait = wait < s_longest ? wait * 2 : s_longest)
        {
            try
            {
                return await call(cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionLostException lost) when (most is not { } limit || clock.GetElapsedTime(began) + wait < limit)
            {
                Waiting?.Invoke(lost);
                await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Calls until there is an answer.</summary>
    /// <exception cref="ConnectionLostException">There was none for too long.</exception>
    internal Task AskAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await call(token).ConfigureAwait(false);
            return true;
        },
        cancellationToken);
}
