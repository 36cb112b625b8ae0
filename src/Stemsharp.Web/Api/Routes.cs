using Stemsharp.Web.Text;

namespace Stemsharp.Web.Api;

/// <summary>Short ways to say what an endpoint answers, for the OpenAPI document.</summary>
internal static class Routes
{
    /// <summary>Names, describes and lists the refusals of an endpoint.</summary>
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder endpoint, string name, string summary, params int[] refusals)
    {
        endpoint.WithName(name).WithSummary(summary);
        foreach (int status in refusals.Append(StatusCodes.Status401Unauthorized))
        {
            endpoint.ProducesProblem(status);
        }

        return endpoint;
    }

    /// <summary>The id of the path, checked before anything else sees it.</summary>
    public static string CheckId(string what, string id) => Store.Id.IsValid(id) ? id : throw ApiError.NotFound(what, id);

    /// <summary>A client's name for a thing: short, on one line, for display only.</summary>
    public static string CheckName(string? name)
    {
        string clean = new([.. (name ?? "").Where(c => !char.IsControl(c) && !ClientText.IsDirectional(c))]);
        clean = clean.Trim();
        return clean.Length switch
        {
            0 => throw new ApiError(ApiErrorKind.BadRequest, "'name' is missing: say what the song is called, such as its file name."),
            > 255 => throw new ApiError(ApiErrorKind.BadRequest, "'name' is longer than 255 characters."),
            _ => clean,
        };
    }
}
