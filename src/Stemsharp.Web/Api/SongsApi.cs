using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Stemsharp.Client;
using Stemsharp.Web.Observability;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Security;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Api;

/// <summary>Songs come in: whole, in pieces, or by their path.</summary>
internal static class SongsApi
{
    /// <summary>Read past the limit before the connection is cut, so that a client that sends too much hears why.</summary>
    private const long Grace = 16 << 20;
    private const string PieceType = "application/offset+octet-stream";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/songs", (SongStore songs) => TypedResults.Ok<IReadOnlyList<Song>>([.. songs.Songs]))
            .Says("listSongs", "Lists the songs that the server holds, newest first.").WithTags("Songs");

        api.MapPost("/songs", AddAsync)
            .Accepts<Stream>("application/octet-stream", "audio/*").Produces<Song>(201)
            .Says("addSong", "Uploads a song: the body is the file, 'name' in the query is what to call it.", 400, 413, 415, 422, 429, 507)
            .WithTags("Songs");

        api.MapPost("/songs/local", (LocalSong wanted, SongStore songs, CancellationToken cancel) =>
                Created(songs.AddLocal(wanted.Path, cancel)))
            .Produces<Song>(201)
            .Says("addLocalSong", "Takes a song from the server's own disk, inside the folders that it was started with.", 400, 403, 404, 422)
            .WithTags("Songs");

        api.MapGet("/songs/{id}", (string id, SongStore songs) => TypedResults.Ok(songs.Get(Routes.CheckId("song", id))))
            .Says("getSong", "Tells about one song.", 404).WithTags("Songs");

        api.MapGet("/songs/{id}/cover", Cover).Produces(200, contentType: "image/jpeg").Produces(200, contentType: "image/png")
            .Says("getCover", "The picture that the song's file has.", 404).WithTags("Songs");

        api.MapGet("/songs/{id}/notes", (string id, SongStore songs) => TypedResults.Ok(songs.Notes(Routes.CheckId("song", id))))
            .Says("getNotes", "What is kept of a song for its players: names, levels, markers.", 404).WithTags("Songs");

        api.MapPatch("/songs/{id}/notes", (string id, SongNotes change, SongStore songs, JobQueue queue) =>
            {
                SongNotes notes = songs.Change(Routes.CheckId("song", id), change);
                if (change.Title is not null || change.Artist is not null)
                {
                    queue.SongChanged(id);
                }

                return TypedResults.Ok(notes);
            })
            .Says("changeNotes", "Changes what is kept of a song; what is left out stays as it is.", 400, 404, 507).WithTags("Songs");

        api.MapDelete("/songs/{id}", Delete).Produces(204)
            .Says("deleteSong", "Deletes a song that no job needs.", 404, 409).WithTags("Songs");

        api.MapPost("/uploads", (NewUpload wanted, UploadStore uploads) =>
            {
                Upload upload = uploads.Create(wanted with { Name = Routes.CheckName(wanted.Name) });
                return TypedResults.Created($"/api/v1/uploads/{upload.Id}", upload);
            })
            .Says("createUpload", "Announces an upload in pieces.", 400, 413, 429, 507).WithTags("Uploads");

        api.MapGet("/uploads/{id}", (string id, UploadStore uploads) => TypedResults.Ok(uploads.Get(Routes.CheckId("upload", id))))
            .Says("getUpload", "Tells how much of an upload has arrived.", 404).WithTags("Uploads");

        api.MapPatch("/uploads/{id}", AppendAsync)
            .Accepts<Stream>(PieceType).Produces<Upload>()
            .Says("appendUpload", "Sends the next piece; 'Upload-Offset' says where it starts. The last one answers with the song.", 400, 404, 409, 413, 415, 422)
            .WithTags("Uploads");

        api.MapDelete("/uploads/{id}", (string id, UploadStore uploads) =>
            {
                uploads.Delete(Routes.CheckId("upload", id));
                return TypedResults.NoContent();
            })
            .Says("deleteUpload", "Gives an upload up.", 404).WithTags("Uploads");
    }

    private static Created<Song> Created(Song song) => TypedResults.Created($"/api/v1/songs/{song.Id}", song);

    private static async Task<IResult> AddAsync(
        HttpContext context, SongStore songs, UploadSlots slots, Metrics metrics, ServeOptions options)
    {
        string name = Routes.CheckName(context.Request.Query["name"]);
        CheckType(context, type => type is "application/octet-stream" || type.StartsWith("audio/", StringComparison.Ordinal), "application/octet-stream or audio/*");
        Access.AllowBody(context, options.MaxUploadBytes + Grace);
        if (context.Request.ContentLength > options.MaxUploadBytes)
        {
            throw SongStore.UploadTooLarge(options);
        }

        using IDisposable slot = slots.Take();
        Song song = await songs.AddAsync(name, context.Request.Body, context.Request.ContentLength, context.RequestAborted).ConfigureAwait(false);
        metrics.Uploaded(song.Bytes);
        return Created(song);
    }

    private static async Task<IResult> AppendAsync(
        HttpContext context, string id, UploadStore uploads, UploadSlots slots, Metrics metrics, ServeOptions options)
    {
        Routes.CheckId("upload", id);
        CheckType(context, type => type == PieceType, PieceType);
        if (!long.TryParse(context.Request.Headers["Upload-Offset"], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
        {
            throw new ApiError(ApiErrorKind.BadRequest, "The header 'Upload-Offset' says where the piece starts, in bytes.");
        }

        using IDisposable slot = slots.Take();
        Access.AllowBody(context, options.MaxUploadBytes + Grace);
        Upload upload = await uploads.AppendAsync(id, offset, context.Request.Body, context.RequestAborted).ConfigureAwait(false);
        metrics.Uploaded(upload.Offset - offset);
        return TypedResults.Ok(upload);
    }

    private static PhysicalFileHttpResult Cover(HttpContext context, string id, SongStore songs)
    {
        (string path, string type) = songs.Cover(Routes.CheckId("song", id));
        // A song's picture never changes.
        context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return TypedResults.PhysicalFile(path, type);
    }

    private static NoContent Delete(string id, SongStore songs, JobQueue queue)
    {
        songs.Get(Routes.CheckId("song", id));
        if (queue.NeedsSong(id))
        {
            throw new ApiError(ApiErrorKind.Conflict, "Jobs belong to this song. Delete them first.");
        }

        songs.Drop(id);
        return TypedResults.NoContent();
    }

    private static void CheckType(HttpContext context, Func<string, bool> taken, string valid)
    {
        string type = (context.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        if (!taken(type))
        {
            throw new ApiError(ApiErrorKind.WrongMediaType, $"The content type is '{ClientText.Quoted(type)}'; valid is {valid}.");
        }
    }
}

/// <summary>Bounds how many uploads are under way at once.</summary>
internal sealed class UploadSlots(ServeOptions options)
{
    private int _taken;

    public IDisposable Take()
    {
        if (Interlocked.Increment(ref _taken) <= options.MaxUploadsAtOnce)
        {
            return new Slot(this);
        }

        Interlocked.Decrement(ref _taken);
        throw new ApiError(ApiErrorKind.TooMany, $"{options.MaxUploadsAtOnce} uploads are under way. Try again when one has ended.");
    }

    private sealed class Slot(UploadSlots slots) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref slots._taken);
    }
}
