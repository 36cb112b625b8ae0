using Amazon.S3;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.S3;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet;

/// <summary>Where a fleet's songs and stems may lie besides a file system that all of it sees: by the schemes of addresses.</summary>
/// <param name="fleet">The queue, whose server may keep them.</param>
internal sealed class FileStores(NatsFleet fleet) : IDisposable
{
    private readonly NatsFiles _nats = new(fleet);
    private readonly FolderFiles _folders = new();
    private readonly Lazy<HttpClient> _web = new(WebClient.Create);
    private AmazonS3Client? _s3;

    /// <summary>The queue server's own stores.</summary>
    internal NatsFiles Nats => _nats;

    // Made at the first need: a worker without credentials for it may do everything else.
    private AmazonS3Client S3 => _s3 ??= S3Client.Create(Environment.GetEnvironmentVariable);

    /// <summary>What fetches the file at an address.</summary>
    /// <exception cref="OptionException">Its scheme is unknown.</exception>
    /// <exception cref="StorageException">There are no credentials for it here.</exception>
    internal ISongSource SourceOf(string address)
    {
        if (FileAddress.SchemeOf(address) is not { } scheme)
        {
            return _folders;
        }

        FileAddress.CheckInput(address);
        return scheme switch
        {
            FileAddress.Nats => _nats,
            FileAddress.S3 => new S3Files(S3, fleet.Clock),
            _ => new WebFiles(_web.Value, fleet.Clock),
        };
    }

    /// <summary>The place for the stems of a job below an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="job">The job's ID.</param>
    /// <param name="lease">The holder's right to it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OptionException">Its scheme is unknown.</exception>
    /// <exception cref="StorageException">There are no credentials for it here.</exception>
    internal async Task<IStemTarget> TargetAsync(string address, string job, long lease, CancellationToken cancellationToken)
    {
        FileAddress.CheckFolder("--out", address);
        return FileAddress.SchemeOf(address) == FileAddress.S3 ? new S3Target(S3, address) : await _nats.TargetAsync(address, job, lease, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Addresses as a place for stems.</summary>
    /// <param name="addresses">They, by the stems' names.</param>
    /// <param name="stems">The stems that there will be.</param>
    /// <exception cref="OptionException">A stem has no address, or an address no stem.</exception>
    internal IStemTarget TargetOf(IReadOnlyDictionary<string, string> addresses, IReadOnlyCollection<string> stems)
    {
        WebTarget target = new(_web.Value, fleet.Clock, addresses);
        target.Check(stems);
        return target;
    }

    public void Dispose()
    {
        _s3?.Dispose();
        if (_web.IsValueCreated)
        {
            _web.Value.Dispose();
        }
    }
}
