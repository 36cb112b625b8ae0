using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Security;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Api;

/// <summary>What clients are told of errors: the only place that knows which kind of error has which URN and HTTP status.</summary>
internal static class Problems
{
    public static Problem Of(Exception error) => error switch
    {
        ApiError refusal => Of(refusal.Kind, error.Message),
        StoreException refusal => Of(Kind(refusal.Kind), error.Message),
        QueueException refusal => Of(Kind(refusal.Kind), error.Message),
        AccessException refusal => Of(Kind(refusal.Kind), error.Message),
        UnknownModelException => Of(ApiErrorKind.UnknownModel, error.Message),
        ModelException => Of(ApiErrorKind.ModelMissing, error.Message),
        OptionException => Of(ApiErrorKind.InvalidSettings, error.Message),
        _ when OutputException.MeansDiskFull(error) => Of(ApiErrorKind.DiskFull, "The disk is full. Make room on it and try again."),
        OutputException => Of(ApiErrorKind.Internal, "The server's log says more."),
        AudioException { Failure: AudioFailure.TooLong } => Of(ApiErrorKind.TooLong, error.Message),
        AudioException => Of(ApiErrorKind.NotMusic, error.Message),
        ExternalToolException => Of(ApiErrorKind.EncoderMissing, error.Message),
        BadHttpRequestException bad => Of(bad.StatusCode, bad.InnerException is JsonException json ? $"The body is not the JSON that is expected here: {json.Message}" : bad.Message),
        _ => Of(ApiErrorKind.Internal, "The server's log says more."),
    };

    /// <summary>Of a status that ASP.NET Core has chosen.</summary>
    public static Problem Of(int status, string? detail = null) => status switch
    {
        404 => Of(ApiErrorKind.NotFound, detail ?? "Nothing is at this address. /api/v1/openapi.json lists what there is."),
        405 => Of(ApiErrorKind.WrongMethod, detail),
        408 => Of(ApiErrorKind.TooSlow, detail),
        413 => Of(ApiErrorKind.TooLarge, detail ?? "The body is too large."),
        415 => Of(ApiErrorKind.WrongMediaType, detail ?? "The content type is not taken here; JSON is sent as application/json."),
        416 => Of(ApiErrorKind.RangeNotSatisfiable, detail),
        >= 500 => Of(ApiErrorKind.Internal, detail),
        _ => Of(ApiErrorKind.BadRequest, detail ?? "The request cannot be understood.") with { Status = status },
    };

    public static Problem Of(ApiErrorKind kind, string? detail = null)
    {
        (string name, string title, int status) = kind switch
        {
            ApiErrorKind.BadRequest => ("bad-request", "The request is malformed", 400),
            ApiErrorKind.Unauthorized => ("unauthorized", "The token is missing or wrong", 401),
            ApiErrorKind.Forbidden => ("forbidden", "Not allowed", 403),
            ApiErrorKind.CrossSite => ("cross-site", "Requests from other sites are refused", 403),
            ApiErrorKind.NotFound => ("not-found", "Not found", 404),
            ApiErrorKind.WrongMethod => ("wrong-method", "That method is not for this address", 405),
            ApiErrorKind.TooSlow => ("too-slow", "The request came too slowly", 408),
            ApiErrorKind.NotReady => ("not-ready", "Not ready yet", 409),
            ApiErrorKind.Conflict => ("conflict", "That is not possible in this state", 409),
            ApiErrorKind.OffsetMismatch => ("offset-mismatch", "The piece starts at the wrong place", 409),
            ApiErrorKind.TooLarge => ("too-large", "The file is too large", 413),
            ApiErrorKind.WrongMediaType => ("wrong-media-type", "The content type is not taken here", 415),
            ApiErrorKind.RangeNotSatisfiable => ("range-not-satisfiable", "That range is not there", 416),
            ApiErrorKind.WrongHost => ("wrong-host", "This server does not go by that name", 421),
            ApiErrorKind.NotMusic => ("not-music", "The file is not music that can be read", 422),
            ApiErrorKind.TooLong => ("too-long", "The song is too long", 422),
            ApiErrorKind.UnknownModel => ("unknown-model", "There is no such model", 422),
            ApiErrorKind.InvalidSettings => ("invalid-settings", "The settings are not valid", 422),
            ApiErrorKind.ModelMissing => ("model-missing", "The model's files are not here", 422),
            ApiErrorKind.EncoderMissing => ("encoder-missing", "FFmpeg is needed for that format", 422),
            ApiErrorKind.TooMany => ("too-many", "Too many at once", 429),
            ApiErrorKind.Busy => ("busy", "The server is busy", 503),
            ApiErrorKind.DiskFull => ("disk-full", "There is no room for this", 507),
            _ => ("internal", "Something went wrong", 500),
        };
        return new Problem($"urn:stemsharp:{name}", title, status) { Detail = detail };
    }

    private static ApiErrorKind Kind(StoreErrorKind kind) => kind switch
    {
        StoreErrorKind.NotFound => ApiErrorKind.NotFound,
        StoreErrorKind.Invalid => ApiErrorKind.BadRequest,
        StoreErrorKind.Forbidden => ApiErrorKind.Forbidden,
        StoreErrorKind.Conflict => ApiErrorKind.Conflict,
        StoreErrorKind.OffsetMismatch => ApiErrorKind.OffsetMismatch,
        StoreErrorKind.TooLarge => ApiErrorKind.TooLarge,
        StoreErrorKind.TooLong => ApiErrorKind.TooLong,
        StoreErrorKind.TooMany => ApiErrorKind.TooMany,
        StoreErrorKind.NotMusic => ApiErrorKind.NotMusic,
        StoreErrorKind.DiskFull => ApiErrorKind.DiskFull,
        StoreErrorKind.Busy => ApiErrorKind.Busy,
        StoreErrorKind.Damaged => ApiErrorKind.Internal,
        _ => ApiErrorKind.Internal,
    };

    private static ApiErrorKind Kind(QueueErrorKind kind) => kind switch
    {
        QueueErrorKind.NotFound => ApiErrorKind.NotFound,
        QueueErrorKind.Conflict => ApiErrorKind.Conflict,
        QueueErrorKind.TooMany => ApiErrorKind.TooMany,
        QueueErrorKind.Away => ApiErrorKind.Busy,
        _ => ApiErrorKind.Internal,
    };

    private static ApiErrorKind Kind(AccessErrorKind kind) => kind switch
    {
        AccessErrorKind.WrongHost => ApiErrorKind.WrongHost,
        AccessErrorKind.CrossSite => ApiErrorKind.CrossSite,
        AccessErrorKind.InTheClear or AccessErrorKind.OwnMachineOnly => ApiErrorKind.Forbidden,
        _ => ApiErrorKind.Internal,
    };
}
