using System.Net;
using System.Net.Http.Headers;

namespace Stemsharp.Fleet.Storage;

/// <summary>Songs on the web, at addresses that need no credentials or have them inside.</summary>
/// <param name="client">Makes the calls.</param>
/// <param name="clock">Measures how long a server may be away.</param>
internal sealed class WebFiles(HttpClient client, TimeProvider clock) : ISongSource
{
    // What servers send instead of a file: pages to log in, errors that say 200.
    private static readonly string[] s_pages = ["text/html", "application/xhtml+xml", "application/json", "application/xml", "text/xml"];

    public async Task FetchAsync(string address, string path, CancellationToken cancellationToken)
    {
        string shown = FileAddress.Redacted(address);
        try
        {
            await new Download((from, validator, token) => OpenAsync(address, shown, from, validator, token), clock).RunAsync(shown, path, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Unreachable)
        {
            throw WebClient.Silent(exception);
        }
    }

    private async Task<OpenedPart> OpenAsync(string address, string shown, long from, string? validator, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        // Without something to tell versions apart nobody knows whether the rest belongs to the beginning.
        if (from > 0 && validator is not null)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            request.Headers.TryAddWithoutValidation("If-Range", validator);
        }

        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        try
        {
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && from > 0)
            {
                response.Dispose();
                return await OpenAsync(address, shown, 0, null, cancellationToken).ConfigureAwait(false);
            }

            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            {
                throw WebClient.Fault(shown, response.StatusCode);
            }

            if (response.Content.Headers.ContentType?.MediaType is { } type && s_pages.Contains(type, StringComparer.OrdinalIgnoreCase))
            {
                throw new StorageException(StorageFailure.Wrong, $"{shown}: what comes is a page ({type}), no recording.");
            }

            if (response.Content.Headers.ContentEncoding.Count > 0)
            {
                throw new StorageException(StorageFailure.Wrong, $"{shown}: the server packs what it sends ({string.Join(", ", response.Content.Headers.ContentEncoding)}) though it was asked not to.");
            }

            ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
            long first = response.StatusCode == HttpStatusCode.PartialContent ? range?.From ?? -1 : 0;
            if (first != 0 && first != from)
            {
                throw new StorageException(StorageFailure.Wrong, $"{shown}: the server sends another part than the one from byte {from} on that it was asked for.");
            }

            long? total = range?.Length ?? (response.Content.Headers.ContentLength is { } length ? first + length : null);
            string? strong = response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : response.Content.Headers.LastModified?.ToString("R");
            return new OpenedPart(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), first, total, strong, response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
