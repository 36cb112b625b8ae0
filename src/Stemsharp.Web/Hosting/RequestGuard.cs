using System.Text.Json;
using System.Threading.RateLimiting;
using Stemsharp.Client;
using Stemsharp.Web.Api;
using Stemsharp.Web.Observability;
using Stemsharp.Web.Security;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Hosting;

/// <summary>
/// Stands in front of everything: headers, host, origin, token, rate; and turns every refusal into problem+json.
/// </summary>
internal sealed class RequestGuard(RequestDelegate next, Access access, Metrics metrics, ServeOptions options, ILogger<RequestGuard> logger) : IDisposable
{
    private const int AtOnce = 512;

    /// <summary>What is under way at once, watchers of events not counted: those have a limit of their own.</summary>
    private readonly ConcurrencyLimiter _requests = new(new ConcurrencyLimiterOptions { PermitLimit = AtOnce, QueueLimit = 0 });

    private readonly TokenBucketRateLimiter _changes = new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = options.MaxChanges,
        TokensPerPeriod = options.ChangesPerSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    });

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            Access.SetHeaders(context);
            access.CheckHost(context);
            access.CheckScheme(context);
            PathString path = context.Request.Path;
            bool isApi = path.StartsWithSegments("/api") || path.StartsWithSegments("/metrics");
            if (isApi)
            {
                Access.CheckOrigin(context);
                if (!IsOpen(context.Request) && !access.IsAllowed(context))
                {
                    throw ServerApi.Unauthorized();
                }
            }
            using RateLimitLease request = path.Value is "/api/v1/events" or "/api/v1/fleet/events" ? Free.Lease : _requests.AttemptAcquire();
            if (!request.IsAcquired)
            {
                throw new ApiError(ApiErrorKind.Busy, $"{AtOnce} requests are under way. Try again in a moment.");
            }

            if (HttpMethods.IsPost(context.Request.Method))
            {
                using RateLimitLease change = _changes.AttemptAcquire();
                if (!change.IsAcquired)
                {
                    throw new ApiError(ApiErrorKind.TooMany, "Too many requests in a short time. Try again in a moment.");
                }
            }
            await next(context).ConfigureAwait(false);
            if (isApi && context.Response is { HasStarted: false, StatusCode: >= 400 and < 600, ContentLength: null, ContentType: null })
            {
                await RefuseAsync(context, Problems.Of(context.Response.StatusCode)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away: there is nobody to answer.
        }
#pragma warning disable CA1031 // This is where errors become answers.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Problem problem = Problems.Of(error);
            if (problem.Status == 500)
            {
                logger.LogError(error, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            }

            if (context.Response.HasStarted)
            {
                context.Abort();
            }
            else
            {
                await RefuseAsync(context, problem).ConfigureAwait(false);
            }
        }
        finally
        {
            metrics.Response(context.Response.StatusCode);
        }
    }

    public void Dispose()
    {
        _requests.Dispose();
        _changes.Dispose();
    }

    /// <summary>What needs no token: getting a session for one, and the description of the API.</summary>
    private static bool IsOpen(HttpRequest request) =>
        (request.Path == "/api/v1/session" && HttpMethods.IsPost(request.Method)) || request.Path == "/api/v1/openapi.json";

    private static Task RefuseAsync(HttpContext context, Problem problem)
    {
        // Headers that an endpoint has set for its answer, such as a file's name, do not belong to the refusal.
        context.Response.Headers.Remove("Content-Disposition");
        context.Response.ContentLength = null;
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = "application/problem+json";
        context.Response.Headers.CacheControl = "no-store";
        if (problem.Status == 401)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (problem.Status is 429 or 503)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return context.Response.WriteAsync(JsonSerializer.Serialize(problem, ApiJson.Default.Problem), CancellationToken.None);
    }

    private sealed class Free : RateLimitLease
    {
        public static Free Lease { get; } = new();

        public override bool IsAcquired => true;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }
}
