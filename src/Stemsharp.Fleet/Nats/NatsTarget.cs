using NATS.Client.ObjectStore;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.Nats;

/// <summary>
/// Stems of one holder of a job. They are seen by the job's record alone, which says that it is done and where they are; so those of a
/// holder that died, or came second, are nobody's.
/// </summary>
internal sealed class NatsTarget(INatsObjStore store, string prefix) : IStemTarget
{
    public Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken) => Task.FromResult<byte[]?>(null);

    public Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<long?> LengthAsync(string name, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public async Task<IStagedFile> StageAsync(string name, string path, CancellationToken cancellationToken)
    {
        await NatsFiles.PutAsync(store, prefix + ObjectName.Of(name), path, AddressOf(name), cancellationToken).ConfigureAwait(false);
        return new Staged(store, prefix + ObjectName.Of(name));
    }

    public string AddressOf(string name) => $"{FileAddress.Nats}://{store.Bucket}/{prefix}{ObjectName.Of(name)}";

    private sealed class Staged(INatsObjStore store, string name) : IStagedFile
    {
        private bool _published;

        public Task PublishAsync(CancellationToken cancellationToken)
        {
            _published = true;
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            if (_published)
            {
                return;
            }

            try
            {
                await NatsFiles.DeleteAsync(store, name, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // The next holder of the job takes it away.
            }
        }
    }
}
