using Stemsharp.Web.Text;

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

    public static ApiError NotFound(string what, string? id) =>
        new(ApiErrorKind.NotFound, $"There is no {what} '{ClientText.Quoted(id)}' here. It may have been deleted.");
}
