using System.Globalization;
using System.Security.Cryptography;
using NATS.Client.Core;
using NATS.Client.ObjectStore;
using NATS.Client.ObjectStore.Models;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.Nats;

/// <summary>
/// Songs in object stores of the queue's own server, <c>nats-obj://BUCKET/NAME</c>: in pieces, each acknowledged, with a SHA-256 over all that is checked
/// when they are read.
/// </summary>
internal sealed class NatsFiles(NatsFleet fleet) : ISongSource
{
    private const int MostTries = 4;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(20), s_between = TimeSpan.FromSeconds(1);

    private readonly NatsObjContext _stores = new(fleet.Context);

    /// <summary>The store that <c>submit --upload</c> uses.</summary>
    /// <param name="name">The fleet's name.</param>
    internal static string UsualBucket(string name) => $"{name}-files";

    /// <summary>Puts a song into a store, once: it is called by what it holds.</summary>
    /// <param name="path">The song.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its address.</returns>
    /// <exception cref="StorageException">The server does not take it.</exception>
    /// <exception cref="AudioException">It cannot be read.</exception>
    internal async Task<string> UploadAsync(string path, CancellationToken cancellationToken)
    {
        const int digits = 32;
        INatsObjStore store = await MakeAsync(UsualBucket(fleet.Name), cancellationToken).ConfigureAwait(false);
        string hash;
        try
        {
            await using FileStream song = File.OpenRead(path);
            hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(song, cancellationToken).ConfigureAwait(false))[..digits];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AudioException($"{path} cannot be read: {exception.Message}", exception);
        }

        string name = ObjectName.Of($"songs/{hash}/{Path.GetFileName(path)}"), address = $"{FileAddress.Nats}://{store.Bucket}/{name}";
        if (await FindAsync(store, name, cancellationToken).ConfigureAwait(false) is null)
        {
            await PutAsync(store, name, path, address, cancellationToken).ConfigureAwait(false);
        }

        return address;
    }

    public async Task FetchAsync(string address, string path, CancellationToken cancellationToken)
    {
        (string bucket, string name) = FileAddress.PartsOf(address);
        for (int tries = 1; ; tries++)
        {
            try
            {
                INatsObjStore store = await FindStoreAsync(bucket, cancellationToken).ConfigureAwait(false)
                    ?? throw new StorageException(StorageFailure.NotFound, $"The queue's server has no object store {bucket}.");
                if (await FindAsync(store, name, cancellationToken).ConfigureAwait(false) is null)
                {
                    throw new StorageException(StorageFailure.NotFound, $"{address}: there is no such object.");
                }

                await using FileStream file = LocalFile.Create(path);
                await using GuardedStream guarded = new(file, path);
                await MovingAsync(file, address, token => store.GetAsync(name, guarded, leaveOpen: true, token).AsTask(), cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.Unreachable && tries < MostTries)
            {
                LocalFile.Delete(path);
                await Task.Delay(s_between * tries, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                LocalFile.Delete(path);
                throw;
            }
        }
    }

    /// <summary>A place for the stems of a job, as the job's holder has it: nobody else's stems are there.</summary>
    /// <param name="address">Below which they lie.</param>
    /// <param name="job">The job's ID.</param>
    /// <param name="lease">The right to it: stems of earlier ones, whose holders died, are taken away.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async Task<IStemTarget> TargetAsync(string address, string job, long lease, CancellationToken cancellationToken)
    {
        (string bucket, string prefix) = FileAddress.PartsOf(address);
        INatsObjStore store = await MakeAsync(bucket, cancellationToken).ConfigureAwait(false);
        string own = prefix.Length > 0 ? $"{ObjectName.Of(prefix)}/{job}/" : $"{job}/";
        if (lease > 1)
        {
            await SweepAsync(store, own, lease, cancellationToken).ConfigureAwait(false);
        }

        return new NatsTarget(store, $"{own}{lease.ToString(CultureInfo.InvariantCulture)}/");
    }

    /// <summary>Takes an object away.</summary>
    /// <exception cref="StorageException">The server does not do it.</exception>
    internal async Task DeleteAsync(string address, CancellationToken cancellationToken)
    {
        (string bucket, string name) = FileAddress.PartsOf(address);
        if (await FindStoreAsync(bucket, cancellationToken).ConfigureAwait(false) is { } store)
        {
            await DeleteAsync(store, name, cancellationToken).ConfigureAwait(false);
        }
    }

    internal static async Task DeleteAsync(INatsObjStore store, string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(store, name, cancellationToken).ConfigureAwait(false) is not null)
        {
            await AskAsync(
                async token =>
                {
                    await store.DeleteAsync(name, token).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    internal static async Task<ObjectMetadata?> FindAsync(INatsObjStore store, string name, CancellationToken cancellationToken) => await AskAsync(
        async token =>
        {
            try
            {
                return await store.GetInfoAsync(name, cancellationToken: token).ConfigureAwait(false);
            }
            catch (NatsException exception) when (exception.IsAbsent())
            {
                return null;
            }
        },
        cancellationToken).ConfigureAwait(false);

    internal static async Task PutAsync(INatsObjStore store, string name, string path, string shown, CancellationToken cancellationToken)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                await using FileStream file = File.OpenRead(path);
                await MovingAsync(file, shown, token => store.PutAsync(name, file, leaveOpen: true, token).AsTask(), cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.Unreachable && tries < MostTries)
            {
                await Task.Delay(s_between * tries, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private Task<INatsObjStore?> FindStoreAsync(string bucket, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            try
            {
                return await _stores.GetObjectStoreAsync(bucket, token).ConfigureAwait(false);
            }
            catch (NatsException exception) when (exception.IsAbsent())
            {
                return null;
            }
        },
        cancellationToken);

    // Somebody else may make it in between.
    private async Task<INatsObjStore> MakeAsync(string bucket, CancellationToken cancellationToken)
    {
        if (await FindStoreAsync(bucket, cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        try
        {
            return await AskAsync(async token => await _stores.CreateObjectStoreAsync(bucket, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            if (await FindStoreAsync(bucket, cancellationToken).ConfigureAwait(false) is { } other)
            {
                return other;
            }

            throw;
        }
    }

    private static async Task SweepAsync(INatsObjStore store, string own, long lease, CancellationToken cancellationToken)
    {
        List<string> stale = [];
        await AskAsync(
            async token =>
            {
                await foreach (ObjectMetadata meta in store.ListAsync(cancellationToken: token).ConfigureAwait(false))
                {
                    if (meta.Name.StartsWith(own, StringComparison.Ordinal)
                        && long.TryParse(meta.Name.AsSpan(own.Length).ToString().Split('/')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long earlier) && earlier < lease)
                    {
                        stale.Add(meta.Name);
                    }
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
        foreach (string name in stale)
        {
            await DeleteAsync(store, name, cancellationToken).ConfigureAwait(false);
        }
    }

    // Nobody says how long a song takes; but it has to go on.
    private static async Task MovingAsync<T>(FileStream file, string shown, Func<CancellationToken, Task<T>> transfer, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource over = new();
        Task looks = LookAsync();
        try
        {
            await AskAsync(transfer, limit.Token, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StorageException(StorageFailure.Unreachable, $"{shown}: nothing moved for {s_look.TotalSeconds:0} seconds.", exception);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await looks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task LookAsync()
        {
            for (long at = file.Position; ; at = file.Position)
            {
                await Task.Delay(s_look, over.Token).ConfigureAwait(false);
                if (file.Position == at)
                {
                    await limit.CancelAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, TimeSpan? most = null)
    {
        try
        {
            return await NatsCalls.AskAsync(call, cancellationToken, most).ConfigureAwait(false);
        }
        catch (ConnectionLostException lost)
        {
            throw new StorageException(StorageFailure.Unreachable, lost.Message, lost);
        }
    }
}
