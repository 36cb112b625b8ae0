using System.Net;

namespace Stemsharp.Fleet.Storage;

/// <summary>Calls of the web: who calls, for how long, and what an answer's code is worth.</summary>
internal static class WebClient
{
    private const int MostRedirects = 10;

    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(15), s_connection = TimeSpan.FromMinutes(5);

    /// <summary>A client whose calls are limited by those who make them.</summary>
    internal static HttpClient Create() => new(new SocketsHttpHandler { MaxAutomaticRedirections = MostRedirects, ConnectTimeout = s_connect, PooledConnectionLifetime = s_connection })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "stemsharp" } },
    };

    /// <summary>What a server's refusal is.</summary>
    /// <param name="shown">The address, for messages.</param>
    /// <param name="status">The answer's code.</param>
    internal static StorageException Fault(string shown, HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new StorageException(
            StorageFailure.Refused, $"{shown}: the server does not let us in ({(int)status}); an address that was signed for a time may be over: sign it anew and submit it with --again."),
        HttpStatusCode.NotFound or HttpStatusCode.Gone => new StorageException(StorageFailure.NotFound, $"{shown}: there is no such file ({(int)status})."),
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
            new StorageException(StorageFailure.Unreachable, $"{shown}: the server answers {(int)status}."),
        _ => new StorageException(StorageFailure.Wrong, $"{shown}: the server answers {(int)status}, and not with a file."),
    };

    /// <summary>A server that was asked over and over: it is the address' own, and may be one that is not there at all.</summary>
    internal static StorageException Silent(StorageException exception) => new(StorageFailure.Silent, exception.Message, exception);
}
