using Microsoft.AspNetCore.StaticFiles;
using Stemsharp.Web.Api;

namespace Stemsharp.Web.Hosting;

/// <summary>
/// Serves the page's files. They are found once, at the start, and asked for by their exact names: no path from a
/// request ever reaches the file system.
/// </summary>
internal static class PageFiles
{
    private const string Missing = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>Stemsharp</title>
        <h1>The page is not in this build</h1>
        <p>The HTTP API is running, at <a href="/api/v1/openapi.json">/api/v1</a>. The page needs Node.js when Stemsharp is built:</p>
        <pre>npm ci --prefix src/Stemsharp.Web/client
        dotnet build</pre>
        <p>Then start <code>stemsharp serve</code> again.</p>
        </html>
        """;

    public static void Map(IEndpointRouteBuilder app, string folder)
    {
        Dictionary<string, string> paths = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .ToDictionary(file => "/" + Path.GetRelativePath(folder, file).Replace('\\', '/'), StringComparer.Ordinal)
            : [];
        CompressedFiles files = new();
        FileExtensionContentTypeProvider types = new();
        types.Mappings[".webmanifest"] = "application/manifest+json";
        app.MapGet("/{**path}", (HttpContext context) =>
        {
            string path = context.Request.Path.Value ?? "/";
            if (path == "/")
            {
                path = "/index.html";
            }

            if (paths.TryGetValue(path, out string? file))
            {
                // Files with a hash in their name never change.
                bool hashed = path.StartsWith("/assets/", StringComparison.Ordinal);
                context.Response.Headers.CacheControl = hashed ? "public, max-age=31536000, immutable" : "no-cache";
                string type = types.TryGetContentType(file, out string? known) ? known : "application/octet-stream";
                return files.Answer(context, file, type);
            }
            if (path == "/index.html")
            {
                return TypedResults.Content(Missing, "text/html; charset=utf-8");
            }

            if (path.StartsWith("/api", StringComparison.Ordinal))
            {
                throw new ApiError(ApiErrorKind.NotFound, "Nothing is at this address. /api/v1/openapi.json lists what there is.");
            }

            return (IResult)TypedResults.NotFound();
        }).ExcludeFromDescription();
    }
}
