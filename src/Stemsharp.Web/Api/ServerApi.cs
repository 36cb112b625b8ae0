using System.Reflection;
using Stemsharp.Client;
using Stemsharp.Web.Security;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Api;

/// <summary>The server itself, its sessions and its models.</summary>
internal static class ServerApi
{
    public static string Version { get; } = typeof(Separator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
        .InformationalVersion.Split('+')[0] ?? "unknown";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/server", (HttpContext context, ISongSeparator separator, ServeOptions options, DiskBudget disk, Access access) => TypedResults.Ok(
                new ServerInfo(
                    Version, separator.Engine, separator.DefaultModel, separator.Encoders, options.MaxUploadBytes,
                    options.MaxDuration.TotalSeconds, disk.UsedBytes, options.Roots.Count > 0)
                {
                    MaxDiskBytes = disk.MaxBytes,
                    CanOpenLan = options.CanOpenLan && !access.IsLan(context),
                }))
            .Says("getServer", "Tells what the server is and allows.").WithTags("Server");

        api.MapPost("/session", (HttpContext context, NewSession wanted, Access access, Pairing pairing) =>
            {
                if (access.IsLan(context))
                {
                    access.SetCookie(context, pairing.Pair(wanted.Code ?? "", wanted.Device) ?? throw WrongCode());
                    return TypedResults.NoContent();
                }

                if (!access.IsToken(wanted.Token))
                {
                    throw Unauthorized();
                }

                access.SetCookie(context);
                return TypedResults.NoContent();
            })
            .Says("createSession", "Exchanges the token, or from the network a pairing code, for a cookie that scripts cannot read.").WithTags("Server");

        api.MapDelete("/session", (HttpContext context, Access access) =>
            {
                access.SetCookie(context, delete: true);
                return TypedResults.NoContent();
            })
            .Says("deleteSession", "Drops the cookie.").WithTags("Server");

        api.MapGet("/models", (ModelService models) => TypedResults.Ok(models.Models))
            .Says("listModels", "Lists the models that the server knows.").WithTags("Models");

        api.MapPost("/models/{name}/download", (string name, ModelService models) => TypedResults.Accepted((string?)null, models.Download(name)))
            .Says("downloadModel", "Starts the download of a model; its progress comes with the events.", 422).WithTags("Models");

        api.MapGet("/models/{name}/files", (string name, ModelService models) => TypedResults.Ok(models.Files(name)))
            .Says("getModelFiles", "Tells what goes when a model is deleted.", 422).WithTags("Models");

        api.MapDelete("/models/{name}", (string name, ModelService models) =>
            {
                models.Delete(name);
                return TypedResults.NoContent();
            })
            .Says("deleteModel", "Deletes a model's files from the server's cache, unless a job needs them.", 409, 422).WithTags("Models");
    }

    private static ApiError WrongCode() => new(
        ApiErrorKind.Unauthorized, "That pairing code is not good, or not any more. The page on the computer shows the one that is: “Other devices” in its settings.");

    public static ApiError Unauthorized() => new(
        ApiErrorKind.Unauthorized,
        "Send the server's token as 'Authorization: Bearer …', or open the page with the address that 'stemsharp serve' printed. The token is in the file 'token' in the server's data folder.");
}
