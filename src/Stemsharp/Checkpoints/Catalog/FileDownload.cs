using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// Fetches one file over https into a partial file, which a later attempt, or run, continues. Redirects are
/// followed by hand so that none leads away from https.
/// </summary>
internal sealed class FileDownload(HttpClient client, TimeSpan retryPause, TimeSpan stallLimit)
{
    private const int MaxRedirects = 10, MaxFruitlessAttempts = 4;

    // Several times the largest checkpoint; a server that never ends must not fill the disk.
    private const long MaxBytes = 8L << 30;

    /// <summary>The size that the file should have; null where it is not known.</summary>
    public long? Expected { get; init; }

    /// <summary>Whether the partial file holds bytes of an earlier attempt.</summary>
    public bool WasResumed { get; private set; }

    /// <summary>Fetches until the whole file is there.</summary>
    /// <exception cref="DownloadException">The address gives no file, or connections keep failing.</exception>
    public async Task RunAsync(Uri address, string partialPath, Action<long, long?> progress, CancellationToken cancellationToken)
    {
        WasResumed = File.Exists(partialPath) && new FileInfo(partialPath).Length > 0;
        string problem = "";
        for (int fruitless = 0; fruitless < MaxFruitlessAttempts;)
        {
            long before = Length(partialPath);
            try
            {
                if (await AttemptAsync(address, partialPath, progress, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }

                problem = "the connection was cut";
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested))
            {
                problem = e is OperationCanceledException or TimeoutException ? $"no byte came for {stallLimit.TotalSeconds:N0} s" : e.Message;
            }

            // As long as something comes, a bad line only takes longer.
            fruitless = Length(partialPath) > before ? 0 : fruitless + 1;
            if (fruitless < MaxFruitlessAttempts)
            {
                await Task.Delay(retryPause * (1 << fruitless), cancellationToken).ConfigureAwait(false);
            }
        }

        throw new DownloadException($"{address}: {problem}");
    }

    /// <returns>Whether the file is complete; otherwise another attempt continues.</returns>
    private async Task<bool> AttemptAsync(Uri address, string partialPath, Action<long, long?> progress, CancellationToken cancellationToken)
    {
        long have = Length(partialPath);
        using CancellationTokenSource stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(stallLimit);
        using HttpResponseMessage response = await SendAsync(address, have, stall.Token).ConfigureAwait(false);
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        long? total;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                have = 0;
                total = response.Content.Headers.ContentLength;
                break;
            case HttpStatusCode.PartialContent when range?.From == have:
                total = range.Length;
                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable when have > 0 && range?.Length == have:
                return true;
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable when have > 0:
                // The partial file is not a beginning of what the server has; begin anew.
                File.Delete(partialPath);
                return false;
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                throw new HttpRequestException($"the server answers {(int)response.StatusCode} {response.ReasonPhrase}");
            default:
                throw new DownloadException($"{address}: the server answers {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        if (total > MaxBytes)
        {
            throw new DownloadException($"{address}: the server announces {total:N0} bytes; at most {MaxBytes:N0} are sane for a checkpoint");
        }

        if (total is { } announced && Expected is { } expected && announced != expected)
        {
            throw new DownloadException($"{address}: the server announces {announced:N0} bytes, but {expected:N0} were published: it is another file");
        }

        using Stream body = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        long length = await CopyAsync(body, partialPath, have, total, progress, stall).ConfigureAwait(false);
        return total is null || length == total;
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            if (address.Scheme != Uri.UriSchemeHttps)
            {
                throw new DownloadException($"{address}: only https addresses are fetched");
            }

            using HttpRequestMessage request = new(HttpMethod.Get, address);
            request.Headers.UserAgent.ParseAdd("stemsharp");
            if (from > 0)
            {
                request.Headers.Range = new RangeHeaderValue(from, null);
            }

            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                return response;
            }

            Uri? location = response.Headers.Location;
            response.Dispose();
            if (location is null)
            {
                throw new DownloadException($"{address}: the server redirects to nowhere");
            }

            Uri target = new(address, location);
            if (target.Scheme != Uri.UriSchemeHttps)
            {
                throw new DownloadException($"{address}: the server redirects to {target}, which is not https and therefore refused");
            }

            address = target;
        }

        throw new DownloadException($"{address}: the server redirects more than {MaxRedirects} times");
    }

    private async Task<long> CopyAsync(Stream body, string partialPath, long have, long? total, Action<long, long?> progress, CancellationTokenSource stall)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(1 << 16);
        FileStream file = new(partialPath, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            file.SetLength(have);
            file.Seek(have, SeekOrigin.Begin);
            progress(have, total);
            while (true)
            {
                stall.CancelAfter(stallLimit);
                int n = await ReceiveAsync(body, block, stall.Token).ConfigureAwait(false);
                if (n == 0)
                {
                    break;
                }

                await file.WriteAsync(block.AsMemory(0, n), stall.Token).ConfigureAwait(false);
                have += n;
                if (have > MaxBytes || have > total)
                {
                    throw new DownloadException($"the server sends more than the {total ?? MaxBytes:N0} bytes it should");
                }

                progress(have, total);
            }

            file.Flush(flushToDisk: true);
            return have;
        }
        finally
        {
            await file.DisposeAsync().ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    // Errors of the connection must be told from errors of the disk, which are IOExceptions too.
    private static async Task<int> ReceiveAsync(Stream body, byte[] block, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(block, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new HttpRequestException(e.Message, e);
        }
    }

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}

/// <summary>Why a file could not be fetched from an address; trying again at once does not help.</summary>
internal sealed class DownloadException(string message) : Exception(message);
