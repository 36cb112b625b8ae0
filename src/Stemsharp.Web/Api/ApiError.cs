using Stemsharp.Client;

namespace Stemsharp.Web.Api;

/// <summary>The kinds of refusal that the API has; each is a stable <c>urn:stemsharp:…</c> and one HTTP status.</summary>
internal enum ApiErrorKind
{
    BadRequest, Unauthorized, Forbidden, WrongHost, CrossSite, NotFound, WrongMethod, NotReady, Conflict, OffsetMismatch, TooLarge,
    TooLong, WrongMediaType, RangeNotSatisfiable, NotMusic, UnknownModel, InvalidSettings, ModelMissing, EncoderMissing,
    TooMany, TooSlow, Internal, Busy, DiskFull,
}

/// <summary>A request that is refused.</summary>
internal sealed class ApiError(ApiErrorKind kind, string detail) : Exception(detail)
{
    public ApiErrorKind Kind => kind;

    public Problem Problem => ToProblem(kind, Message);

    public static ApiError NotFound(string what, string? id) =>
        new(ApiErrorKind.NotFound, $"There is no {what} '{Quoted(id)}' here. It may have been deleted.");

    public static Problem ToProblem(ApiErrorKind kind, string? detail)
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

    /// <summary>A client's text, short and without control characters, for use in a message.</summary>
    public static string Quoted(string? text)
    {
        string clean = new([.. (text ?? "").Where(c => !char.IsControl(c)).Take(80)]);
        return text?.Length > 80 ? clean + "…" : clean;
    }
}
