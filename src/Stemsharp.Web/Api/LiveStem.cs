using System.Globalization;
using System.Net.Http.Headers;
using Stemsharp.Client;
using Stemsharp.Web.Sound;

namespace Stemsharp.Web.Api;

/// <summary>
/// Ranges of a stem that is still being made: a float WAV file of known length, of which the beginning is there.
/// </summary>
internal static class LiveStem
{
    /// <summary>Says that the level is not final.</summary>
    public const string Header = "Stemsharp-Provisional";

    public static IResult Answer(HttpContext context, string path, Job job, JobAudio audio, string format)
    {
        if (job.State != JobState.Running || format != "wav" || context.Request.Headers.Range.Count == 0)
        {
            throw StemsApi.NotReady(job);
        }

        if (!RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out RangeHeaderValue? wanted)
            || wanted.Unit != "bytes" || wanted.Ranges.Count != 1 || wanted.Ranges.First().From is not { } from)
        {
            throw new ApiError(ApiErrorKind.RangeNotSatisfiable, "While the job runs, one range with a beginning is served, such as 'bytes=0-65535'.");
        }
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, useAsync: true);
        }
        catch (IOException)
        {
            throw StemsApi.NotReady(job);
        }
        long total = GrowingWav.FullBytes(audio.SampleRate, audio.Channels, audio.Frames);
        long end = Math.Min(wanted.Ranges.First().To ?? long.MaxValue, file.Length - 1);
        if (from > end)
        {
            file.Dispose();
            context.Response.Headers.ContentRange = $"bytes */{total.ToString(CultureInfo.InvariantCulture)}";
            throw new ApiError(ApiErrorKind.RangeNotSatisfiable, "That part of the stem is not made yet.");
        }
        file.Position = from;
        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers[Header] = "level";
        response.Headers.ContentRange = new ContentRangeHeaderValue(from, end, total).ToString();
        response.ContentLength = end - from + 1;
        return new Part(file, end - from + 1);
    }

    private sealed class Part(FileStream file, long bytes) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using (file)
            {
                httpContext.Response.ContentType = "audio/wav";
                byte[] buffer = new byte[1 << 16];
                for (long left = bytes; left > 0;)
                {
                    int read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), httpContext.RequestAborted).ConfigureAwait(false);
                    if (read == 0)
                    {
                        break;
                    }

                    await httpContext.Response.Body.WriteAsync(buffer.AsMemory(0, read), httpContext.RequestAborted).ConfigureAwait(false);
                    left -= read;
                }
            }
        }
    }
}
