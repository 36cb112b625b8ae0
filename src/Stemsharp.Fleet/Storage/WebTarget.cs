using System.Net;

namespace Stemsharp.Fleet.Storage;

/// <summary>Stems that are put to addresses that were signed for it, one for each. A server shows a file when it has come whole.</summary>
/// <param name="client">Makes the calls.</param>
/// <param name="clock">Measures how long a server may be away.</param>
/// <param name="addresses">The addresses by the stems' names.</param>
internal sealed class WebTarget(HttpClient client, TimeProvider clock, IReadOnlyDictionary<string, string> addresses) : IStemTarget
{
    private const int MostTries = 6;

    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(200), s_most = TimeSpan.FromMinutes(15);

    private readonly Dictionary<string, string> _staged = [];

    /// <summary>Refuses addresses that do not fit the stems.</summary>
    /// <param name="stems">The stems that there will be.</param>
    /// <exception cref="OptionException">A stem has no address, or an address no stem.</exception>
    internal void Check(IReadOnlyCollection<string> stems)
    {
        if (stems.FirstOrDefault(s => !addresses.ContainsKey(s)) is { } missing)
        {
            throw new OptionException($"--put names no address for {missing}; each of {string.Join(", ", stems)} takes one, or ask for fewer with --stems.");
        }

        if (addresses.Keys.FirstOrDefault(s => !stems.Contains(s)) is { } surplus)
        {
            throw new OptionException($"--put names an address for {surplus}, which is no stem of this job; {string.Join(", ", stems)} are.");
        }
    }

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken) => Task.FromResult<byte[]?>(null);

    public Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<long?> LengthAsync(string name, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public Task<IStagedFile> StageAsync(string name, string path, CancellationToken cancellationToken)
    {
        string address = addresses[Path.GetFileNameWithoutExtension(path)];
        _staged[name] = FileAddress.Redacted(address);
        return Task.FromResult<IStagedFile>(new Staged(this, address, path));
    }

    public string AddressOf(string name) => _staged[name];

    private async Task PutAsync(string address, string path, CancellationToken cancellationToken)
    {
        string shown = FileAddress.Redacted(address);
        for (int tries = 1; ; tries++)
        {
            StorageException fault;
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_most);
            try
            {
                using HttpRequestMessage request = new(HttpMethod.Put, address) { Content = new StreamContent(File.OpenRead(path)) };
                using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
                if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent)
                {
                    return;
                }

                fault = WebClient.Fault(shown, response.StatusCode);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                fault = new StorageException(StorageFailure.Unreachable, $"{shown}: the server took no file for {s_most.TotalMinutes:0} minutes.", exception);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                fault = new StorageException(StorageFailure.Unreachable, $"{shown}: {exception.Message}", exception);
            }

            if (fault.Failure != StorageFailure.Unreachable)
            {
                throw fault;
            }

            if (tries == MostTries)
            {
                throw WebClient.Silent(fault);
            }

            await Task.Delay(s_first * (1 << tries), clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Staged(WebTarget target, string address, string path) : IStagedFile
    {
        public Task PublishAsync(CancellationToken cancellationToken) => target.PutAsync(address, path, cancellationToken);

        // Nothing has left this machine.
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
