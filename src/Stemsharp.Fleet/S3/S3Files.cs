using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.S3;

/// <summary>Songs at addresses <c>s3://BUCKET/KEY</c>.</summary>
/// <param name="client">The server.</param>
/// <param name="clock">Measures how long a server may be away.</param>
internal sealed class S3Files(IAmazonS3 client, TimeProvider clock) : ISongSource
{
    public Task FetchAsync(string address, string path, CancellationToken cancellationToken)
    {
        (string bucket, string key) = FileAddress.PartsOf(address);
        // The client compares what it has read with the sum in the ETag, where there is one.
        StorageException? Judge(Exception exception) => exception is AmazonClientException
            ? new StorageException(StorageFailure.Wrong, $"{address}: what came is not what the server says there is: {exception.Message}", exception)
            : null;
        return new Download((from, validator, token) => OpenAsync(address, bucket, key, from, validator, token), clock, Judge).RunAsync(address, path, cancellationToken);
    }

    /// <summary>A call, whose failures are told in one way.</summary>
    /// <param name="shown">What it is about.</param>
    /// <param name="call">The call.</param>
    /// <exception cref="StorageException">It failed.</exception>
    internal static async Task<T> AskAsync<T>(string shown, Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (AmazonServiceException exception) when (exception is not AmazonS3Exception s3 || !IsAbsent(s3))
        {
            bool refused = exception.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized;
            throw new StorageException(
                refused ? StorageFailure.Refused : exception.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not HttpStatusCode.TooManyRequests and not HttpStatusCode.RequestTimeout ? StorageFailure.Wrong : StorageFailure.Unreachable,
                refused ? $"{shown}: the server does not let these credentials do that ({exception.ErrorCode ?? "403"})." : $"{shown}: {exception.Message}", exception);
        }
        catch (AmazonS3Exception exception)
        {
            throw new StorageException(StorageFailure.NotFound, exception.ErrorCode == "NoSuchBucket" ? $"{shown}: there is no such bucket." : $"{shown}: there is no such object.", exception);
        }
        catch (Exception exception) when (exception is AmazonClientException or HttpRequestException or IOException)
        {
            throw new StorageException(StorageFailure.Unreachable, $"{shown}: the server was not reached: {exception.Message}", exception);
        }
    }

    private async Task<OpenedPart> OpenAsync(string address, string bucket, string key, long from, string? validator, CancellationToken cancellationToken)
    {
        GetObjectRequest request = new() { BucketName = bucket, Key = key };
        if (from > 0)
        {
            request.ByteRange = new ByteRange($"bytes={from}-");
            request.EtagToMatch = validator;
        }

        try
        {
            GetObjectResponse response = await AskAsync(address, () => client.GetObjectAsync(request, cancellationToken)).ConfigureAwait(false);
            long first = response.HttpStatusCode == HttpStatusCode.PartialContent ? from : 0;
            return new OpenedPart(response.ResponseStream, first, first + response.ContentLength, response.ETag, response);
        }
        catch (StorageException exception) when (from > 0 && exception.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            // Another version of it: from the start.
            return await OpenAsync(address, bucket, key, 0, null, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsAbsent(AmazonS3Exception exception) => exception.StatusCode == HttpStatusCode.NotFound || exception.ErrorCode is "NoSuchKey" or "NoSuchBucket";
}
