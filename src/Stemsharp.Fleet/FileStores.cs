using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet;

/// <summary>Where a fleet's songs and stems may lie besides a file system that all of it sees: by the schemes of addresses.</summary>
/// <param name="fleet">The queue, whose server may keep them.</param>
internal sealed class FileStores(NatsFleet fleet)
{
    private readonly NatsFiles _nats = new(fleet);
    private readonly FolderFiles _folders = new();

    /// <summary>The queue server's own stores.</summary>
    internal NatsFiles Nats => _nats;

    /// <summary>What fetches the file at an address.</summary>
    /// <exception cref="OptionException">Its scheme is unknown.</exception>
    internal ISongSource SourceOf(string address)
    {
        if (FileAddress.SchemeOf(address) is not { } scheme)
        {
            return _folders;
        }

        FileAddress.CheckInput(address);
        return _nats;
    }

    /// <summary>The place for the stems of a job below an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="job">The job's ID.</param>
    /// <param name="lease">The holder's right to it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OptionException">Its scheme is unknown.</exception>
    internal Task<IStemTarget> TargetAsync(string address, string job, long lease, CancellationToken cancellationToken)
    {
        FileAddress.CheckFolder("--out", address);
        return _nats.TargetAsync(address, job, lease, cancellationToken);
    }
}
