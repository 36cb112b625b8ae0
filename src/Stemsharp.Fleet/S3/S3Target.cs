using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Util;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.S3;

/// <summary>
/// Stems below an address <c>s3://BUCKET/PREFIX</c>. They come over as uploads in parts, which nobody sees before they are completed; so all of a job's are
/// completed one right after the other.
/// </summary>
internal sealed class S3Target(IAmazonS3 client, string address) : IStemTarget
{
    // A server takes 10,000 parts, none but the last of less than 5 MiB.
    private const long LeastPart = 8 << 20, MostParts = 9_000;

    private readonly string _bucket = FileAddress.PartsOf(address).Bucket, _prefix = FileAddress.PartsOf(address).Key;

    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            using GetObjectResponse response = await S3Files.AskAsync(AddressOf(name), () => client.GetObjectAsync(_bucket, KeyOf(name), cancellationToken)).ConfigureAwait(false);
            using MemoryStream content = new();
            await response.ResponseStream.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
            return content.ToArray();
        }
        catch (StorageException exception) when (IsNoObject(exception))
        {
            return null;
        }
        catch (IOException exception)
        {
            throw new StorageException(StorageFailure.Unreachable, $"{AddressOf(name)}: {exception.Message}", exception);
        }
    }

    public Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken) => S3Files.AskAsync(AddressOf(name), async () =>
    {
        using MemoryStream body = new(content);
        return await client.PutObjectAsync(
            new PutObjectRequest { BucketName = _bucket, Key = KeyOf(name), InputStream = body, ContentType = TypeOf(name), UseChunkEncoding = false }, cancellationToken).ConfigureAwait(false);
    });

    public async Task<long?> LengthAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await S3Files.AskAsync(AddressOf(name), () => client.GetObjectMetadataAsync(_bucket, KeyOf(name), cancellationToken)).ConfigureAwait(false)).ContentLength;
        }
        catch (StorageException exception) when (IsNoObject(exception))
        {
            return null;
        }
    }

    public async Task<IStagedFile> StageAsync(string name, string path, CancellationToken cancellationToken)
    {
        string key = KeyOf(name), shown = AddressOf(name);
        long length = new FileInfo(path).Length, part = Math.Max(LeastPart, (length + MostParts - 1) / MostParts);
        InitiateMultipartUploadResponse begun = await S3Files.AskAsync(shown, () => client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = _bucket, Key = key, ContentType = TypeOf(name) }, cancellationToken)).ConfigureAwait(false);
        Staged staged = new(this, name, begun.UploadId, length);
        try
        {
            for (long at = 0; at < length || at == 0; at += part)
            {
                int number = staged.Parts.Count + 1;
                UploadPartRequest request = new()
                {
                    BucketName = _bucket,
                    Key = key,
                    UploadId = begun.UploadId,
                    PartNumber = number,
                    FilePath = path,
                    FilePosition = at,
                    PartSize = Math.Min(part, length - at),
                    UseChunkEncoding = false,
                };
                UploadPartResponse response = await S3Files.AskAsync(shown, () => client.UploadPartAsync(request, cancellationToken)).ConfigureAwait(false);
                staged.Parts.Add(new PartETag(number, response.ETag));
            }

            return staged;
        }
        catch
        {
            await staged.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public string AddressOf(string name) => $"{FileAddress.S3}://{_bucket}/{KeyOf(name)}";

    private string KeyOf(string name) => _prefix.Length > 0 ? $"{_prefix}/{name}" : name;

    private static string TypeOf(string name) => AmazonS3Util.MimeTypeFromExtension(Path.GetExtension(name));

    // A bucket that is not there takes no stems either.
    private static bool IsNoObject(StorageException exception) =>
        exception.Failure == StorageFailure.NotFound && exception.InnerException is not AmazonS3Exception { ErrorCode: "NoSuchBucket" };

    private sealed class Staged(S3Target target, string name, string upload, long length) : IStagedFile
    {
        private bool _over;

        internal List<PartETag> Parts { get; } = [];

        public async Task PublishAsync(CancellationToken cancellationToken)
        {
            try
            {
                await S3Files.AskAsync(target.AddressOf(name), () => target.Client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest { BucketName = target._bucket, Key = target.KeyOf(name), UploadId = upload, PartETags = Parts }, cancellationToken)).ConfigureAwait(false);
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
            {
                // Completed by a call whose answer was lost, and that was made again.
                if (await target.LengthAsync(name, cancellationToken).ConfigureAwait(false) != length)
                {
                    throw;
                }
            }

            _over = true;
        }

        public async ValueTask DisposeAsync()
        {
            if (_over)
            {
                return;
            }

            _over = true;
            try
            {
                await S3Files.AskAsync(target.AddressOf(name), () => target.Client.AbortMultipartUploadAsync(target._bucket, target.KeyOf(name), upload, CancellationToken.None)).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // A rule of the bucket's takes away uploads that nobody completes; they are never seen.
            }
        }
    }

    private IAmazonS3 Client => client;
}
