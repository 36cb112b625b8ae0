using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.S3;

/// <summary>Connects to S3, or to a server of the same API, by what the environment says and nothing else: no files of profiles, no metadata of machines.</summary>
internal static class S3Client
{
    private const string KeyId = "AWS_ACCESS_KEY_ID", Secret = "AWS_SECRET_ACCESS_KEY", Token = "AWS_SESSION_TOKEN", UsualRegion = "us-east-1";
    private const int Retries = 5;

    private static readonly TimeSpan s_most = TimeSpan.FromMinutes(5);

    /// <summary>A client.</summary>
    /// <param name="variable">Reads a variable of the environment; null where it is not set.</param>
    /// <exception cref="StorageException">There are no credentials, or the address of the server is none.</exception>
    internal static AmazonS3Client Create(Func<string, string?> variable)
    {
        string region = Get("AWS_REGION") ?? Get("AWS_DEFAULT_REGION") ?? UsualRegion;
        AmazonS3Config config = new()
        {
            Timeout = s_most,
            MaxErrorRetry = Retries,
            RetryMode = RequestRetryMode.Standard,
            // Sums that other makers' servers do not know.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            IgnoreConfiguredEndpointUrls = true,
        };
        if ((Get("AWS_ENDPOINT_URL_S3") ?? Get("AWS_ENDPOINT_URL")) is { } endpoint)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new StorageException(StorageFailure.NoCredentials, $"AWS_ENDPOINT_URL is '{endpoint}', which is no address of a server; write https://HOST[:PORT].");
            }

            // Buckets of other servers are seldom hosts of their own.
            config.ServiceURL = endpoint;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return new AmazonS3Client(Credentials(), config);

        AWSCredentials Credentials() => (Get(KeyId), Get(Secret), Get(Token)) switch
        {
            ({ } id, { } secret, { } token) => new SessionAWSCredentials(id, secret, token),
            ({ } id, { } secret, null) => new BasicAWSCredentials(id, secret),
            _ when Get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is not null || Get("AWS_CONTAINER_CREDENTIALS_FULL_URI") is not null => new GenericContainerCredentials(),
            _ => throw new StorageException(
                StorageFailure.NoCredentials,
                $"There are no credentials for s3:// here. Set {KeyId} and {Secret} in the environment ({Token}, AWS_REGION and AWS_ENDPOINT_URL where they are needed)."),
        };

        string? Get(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }
}
