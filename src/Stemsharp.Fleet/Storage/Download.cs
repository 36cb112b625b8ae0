using System.Buffers;

namespace Stemsharp.Fleet.Storage;

/// <summary>What a server sends of a file.</summary>
/// <param name="Content">The bytes.</param>
/// <param name="From">The place of the first of them in the file.</param>
/// <param name="Total">The file's length; null where the server doesn't say.</param>
/// <param name="Validator">What tells this version of the file from others, for those that follow; null for nothing.</param>
/// <param name="Owner">Ends with it.</param>
internal sealed record OpenedPart(Stream Content, long From, long? Total, string? Validator, IDisposable Owner) : IDisposable
{
    public void Dispose()
    {
        Content.Dispose();
        Owner.Dispose();
    }
}

/// <summary>
/// Brings a file over from a server that sends parts of it. What was cut goes on behind the last byte that came, as long as the server has
/// the same version of the file; otherwise from the start.
/// </summary>
/// <param name="open">
/// Asks for the file from a place on, given what the validator of the first answer was. An answer may begin at 0 instead.
/// <see cref="StorageFailure.Unreachable"/> is asked again.
/// </param>
/// <param name="clock">Measures how long it waits.</param>
/// <param name="judge">What an error of the client that reads means; null for one that it does not know.</param>
internal sealed class Download(Func<long, string?, CancellationToken, Task<OpenedPart>> open, TimeProvider clock, Func<Exception, StorageException?>? judge = null)
{
    private const int BlockBytes = 1 << 16, MostFruitless = 6;

    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(30), s_first = TimeSpan.FromMilliseconds(200);

    /// <summary>Fetches it.</summary>
    /// <param name="shown">What it is called in messages.</param>
    /// <param name="path">A file that is not there yet; gone again where this fails.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async Task RunAsync(string shown, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using FileStream file = LocalFile.Create(path);
            string? validator = null;
            int fruitless = 0;
            for (long furthest = 0; ; furthest = Math.Max(furthest, file.Position))
            {
                try
                {
                    using OpenedPart part = await WithinAsync(token => open(file.Position, validator, token), cancellationToken).ConfigureAwait(false);
                    if (part.From != file.Position)
                    {
                        LocalFile.Restart(file, path);
                    }

                    validator = part.Validator;
                    await CopyAsync(part, file, path, cancellationToken).ConfigureAwait(false);
                    if (part.Total is not { } total || file.Position == total)
                    {
                        await LocalFile.FlushAsync(file, path, cancellationToken).ConfigureAwait(false);
                        return;
                    }

                    if (file.Position > total)
                    {
                        throw new StorageException(StorageFailure.Wrong, $"{shown}: the server sends more than the {total} bytes that it says there are.");
                    }

                    throw new StorageException(StorageFailure.Unreachable, $"{shown}: the transfer ended after {file.Position} of {total} bytes.");
                }
                catch (StorageException exception) when (exception.Failure == StorageFailure.Unreachable && !cancellationToken.IsCancellationRequested)
                {
                    fruitless = file.Position > furthest ? 0 : fruitless + 1;
                    if (fruitless >= MostFruitless)
                    {
                        throw;
                    }

                    await Task.Delay(s_first * (1 << fruitless), clock, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch
        {
            LocalFile.Delete(path);
            throw;
        }

        // A server that holds a connection and sends nothing is none that is there.
        async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken stop)
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(s_idle);
            try
            {
                return await call(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException exception) when (!stop.IsCancellationRequested)
            {
                throw new StorageException(StorageFailure.Unreachable, $"{shown}: nothing came for {s_idle.TotalSeconds:0} seconds.", exception);
            }
            catch (Exception exception) when (judge?.Invoke(exception) is { } known)
            {
                throw known;
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException)
            {
                throw new StorageException(StorageFailure.Unreachable, $"{shown}: {exception.Message}", exception);
            }
        }

        async Task CopyAsync(OpenedPart part, FileStream file, string name, CancellationToken stop)
        {
            byte[] block = ArrayPool<byte>.Shared.Rent(BlockBytes);
            try
            {
                while (await WithinAsync(token => part.Content.ReadAsync(block, token).AsTask(), stop).ConfigureAwait(false) is var read and > 0)
                {
                    await LocalFile.WriteAsync(file, name, block.AsMemory(0, read), stop).ConfigureAwait(false);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(block);
            }
        }
    }
}
