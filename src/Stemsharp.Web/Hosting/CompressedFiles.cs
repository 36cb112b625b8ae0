using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace Stemsharp.Web.Hosting;

/// <summary>
/// The page's files, compressed as the browser takes them: each once, when it is first asked for, and kept. They hold no secrets, so that
/// nothing can be learnt of one by their compressed length.
/// </summary>
internal sealed class CompressedFiles
{
    /// <summary>Encodings by preference.</summary>
    private static readonly string[] s_encodings = ["br", "gzip"];

    /// <summary>Kinds of files that become smaller; sound and pictures are compressed as they are, or not worth the time.</summary>
    private static readonly string[] s_compressible = ["text/", "image/svg", "application/manifest", "application/json"];
    private readonly ConcurrentDictionary<(string File, string Encoding, DateTime Written), byte[]> _kept = [];

    public IResult Answer(HttpContext context, string file, string type)
    {
        FileInfo info = new(file);
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        string? encoding = s_compressible.Any(kind => type.StartsWith(kind, StringComparison.Ordinal))
            ? s_encodings.FirstOrDefault(candidate => Takes(context.Request, candidate))
            : null;
        EntityTagHeaderValue tag = new($"\"{info.Length:x}-{info.LastWriteTimeUtc.Ticks:x}{(encoding is null ? "" : "-" + encoding)}\"");
        if (encoding is null)
        {
            return TypedResults.PhysicalFile(file, type, lastModified: info.LastWriteTimeUtc, entityTag: tag);
        }

        byte[] bytes = _kept.GetOrAdd((file, encoding, info.LastWriteTimeUtc), key => Compress(key.File, key.Encoding));
        context.Response.Headers.ContentEncoding = encoding;
        return TypedResults.Bytes(bytes, type, lastModified: info.LastWriteTimeUtc, entityTag: tag);
    }

    /// <summary>Whether a request takes an encoding, by its name: a browser names what it takes.</summary>
    private static bool Takes(HttpRequest request, string encoding) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out IList<StringWithQualityHeaderValue>? taken)
        && taken.Any(one => one.Quality != 0 && one.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase));

    private static byte[] Compress(string file, string encoding)
    {
        using MemoryStream target = new();
        using (Stream zip = encoding == "br"
            ? new BrotliStream(target, CompressionLevel.SmallestSize, leaveOpen: true)
            : new GZipStream(target, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            using FileStream source = File.OpenRead(file);
            source.CopyTo(zip);
        }

        return target.ToArray();
    }
}
