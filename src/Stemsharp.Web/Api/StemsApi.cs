using System.IO.Compression;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Files;
using Stemsharp.Web.Delivery;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Sound;
using Stemsharp.Web.Store;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Api;

/// <summary>What a job has made: stems, waveforms, spectrograms, a zip of everything, a mix.</summary>
internal static class StemsApi
{
    private static readonly FileNamePattern s_songName = FileNamePattern.Parse("{title}.{ext}");
    private static readonly FileNamePattern s_stemName = FileNamePattern.Parse("{title} - {stem}.{ext}");

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/jobs/{id}/stems/{stem}", StemAsync)
            .Produces(200, contentType: "audio/wav").Produces(206, contentType: "audio/wav")
            .Says("getStem", "A stem as 'wav', 'flac' or 'mp3', whole or by range. While the job runs, ranges of a float WAV file whose level is not final yet.", 404, 409, 416, 422, 507)
            .WithTags("Stems");

        api.MapGet("/jobs/{id}/stems/{stem}/peaks", Waveform)
            .Produces(200, contentType: "application/octet-stream")
            .Says("getPeaks", "A stem's waveform in audiowaveform's data format, version 2.", 400, 404, 409).WithTags("Stems");

        api.MapGet("/jobs/{id}/stems/{stem}/spectrogram", Spectrum)
            .Produces(200, contentType: "application/octet-stream")
            .Says("getSpectrogram", "A stem's spectrogram, of the whole or of the frames 'from' … 'to': 'columns' × 'bins' bytes, column by column, low frequencies first, 0 for −90 dB and less to 255 for full scale.", 400, 404, 409)
            .WithTags("Stems");

        api.MapGet("/jobs/{id}/stems.zip", ZipAsync)
            .Produces(200, contentType: "application/zip")
            .Says("getStems", "All stems in one zip file; 'from' and 'to', in frames, cut a stretch out, 'depth' is a sample format.", 400, 404, 409, 422, 507).WithTags("Stems");

        api.MapGet("/jobs/{id}/mix", Mix)
            .Produces(200, contentType: "audio/wav")
            .Says("getMix", "The stems mixed: 'gains' (0 to 4) and 'pans' (−1 to 1) have one number a stem, in order, separated by commas; 'from', 'to' and 'depth' are as for the zip file.", 400, 404, 409, 422, 507)
            .WithTags("Stems");
    }

    private static async Task<IResult> StemAsync(
        HttpContext context, string id, string stem, JobQueue queue, StemEncoder encoder, string? format)
    {
        (Job job, JobAudio audio, int number) = Find(queue, id, stem);
        StemFiles files = queue.Files(id);
        format = encoder.CheckFormat(format);
        if (job.State != JobState.Done)
        {
            return LiveStem.Answer(context, files.Floats(number), job, audio, format);
        }

        string path = await encoder.GetAsync(job, files, number, format, context.RequestAborted).ConfigureAwait(false);
        FileInfo file = new(path);
        context.Response.Headers.CacheControl = "private, no-cache";
        Offer(context, s_stemName, job, stem, format);
        return TypedResults.PhysicalFile(
            path, StemEncoder.MediaType(format), lastModified: file.LastWriteTimeUtc, enableRangeProcessing: true,
            entityTag: new EntityTagHeaderValue($"\"{job.Finished?.UtcTicks:x}-{file.Length:x}\""));
    }

    private static FileContentHttpResult Waveform(string id, string stem, JobQueue queue, int? framesPerPeak)
    {
        (_, JobAudio audio, int number) = Find(queue, id, stem);
        int group = framesPerPeak ?? PeakWriter.FramesPerPeak;
        if (group < PeakWriter.FramesPerPeak || group % PeakWriter.FramesPerPeak != 0)
        {
            throw new ApiError(ApiErrorKind.BadRequest, $"'framesPerPeak' is a multiple of {PeakWriter.FramesPerPeak}.");
        }

        return TypedResults.Bytes(
            Peaks.ToDat(Peaks.Read(queue.Files(id).PeakFile(number), group), audio.SampleRate, group),
            "application/octet-stream");
    }

    private static FileContentHttpResult Spectrum(
        HttpContext context, string id, string stem, JobQueue queue, int? columns, int? bins, long? from, long? to)
    {
        (Job job, JobAudio audio, int number) = Find(queue, id, stem);
        if (job.State != JobState.Done)
        {
            throw NotReady(job);
        }

        if (columns is < 1 or > 4096 || bins is < 16 or > 512)
        {
            throw new ApiError(ApiErrorKind.BadRequest, "'columns' is from 1 to 4096 and 'bins' from 16 to 512.");
        }

        Stretch stretch = StretchOf(audio, from, to);

        using WavReader file = WavReader.Open(queue.Files(id).Final(number, "wav"));
        return TypedResults.Bytes(
            Spectrogram.Compute(file, stretch.From, stretch.To, columns ?? 1024, bins ?? 128, context.RequestAborted), "application/octet-stream");
    }

    private static async Task ZipAsync(
        HttpContext context, string id, JobQueue queue, StemEncoder encoder, Mixer mixer, string? format, string? depth, long? from, long? to)
    {
        Job job = Done(queue, id);
        ExportForm export = ExportOf(job, encoder, format, depth, from, to);
        StemFiles files = queue.Files(id);
        // What is taken home as it was made is kept; a stretch or another depth is made for this one time.
        bool asMade = export.Stretch.Frames == job.Audio!.Frames && (export.Depth is null || export.Depth == job.Settings.SampleFormat);
        Func<FileStream>[] sources = new Func<FileStream>[job.Audio.Stems.Count];
        for (int i = 0; i < sources.Length; i++)
        {
            int stem = i;
            string path = asMade ? await encoder.GetAsync(job, files, stem, export.Format, context.RequestAborted).ConfigureAwait(false) : "";
            sources[i] = asMade ? () => File.OpenRead(path) : () => mixer.Cut(job, files, stem, export, context.RequestAborted);
        }

        Offer(context, s_songName, job, "", "zip");
        context.Response.ContentType = "application/zip";
        ZipArchive zip = await ZipArchive.CreateAsync(
            context.Response.BodyWriter.AsStream(leaveOpen: true), ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, context.RequestAborted).ConfigureAwait(false);
        await using (zip.ConfigureAwait(false))
        {
            for (int i = 0; i < sources.Length; i++)
            {
                // Sound hardly compresses with this method, so it is stored as it is.
                ZipArchiveEntry entry = zip.CreateEntry(NameOf(s_stemName, job, job.Audio.Stems[i], export.Format), CompressionLevel.NoCompression);
                Stream target = await entry.OpenAsync(context.RequestAborted).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    using FileStream source = sources[i]();
                    await source.CopyToAsync(target, context.RequestAborted).ConfigureAwait(false);
                }
            }
        }
    }

    private static FileStreamHttpResult Mix(
        HttpContext context, string id, JobQueue queue, StemEncoder encoder, Mixer mixer, string? gains, string? pans, string? format, string? depth, long? from, long? to,
        string? name)
    {
        Job job = Done(queue, id);
        ExportForm export = ExportOf(job, encoder, format, depth, from, to);
        MixLevels levels = MixParameters.Parse(gains, pans, job.Audio!.Stems.Count);
        FileStream file = mixer.Render(job, queue.Files(id), levels, export, context.RequestAborted);
        Offer(context, s_stemName, job, name is null ? "mix" : Routes.CheckName(name), export.Format);
        return TypedResults.Stream(file, StemEncoder.MediaType(export.Format));
    }

    private static ExportForm ExportOf(Job job, StemEncoder encoder, string? format, string? depth, long? from, long? to) => new(
        encoder.CheckFormat(format),
        depth is null || JobFiles.Depths.Contains(depth) ? depth
            : throw new ApiError(ApiErrorKind.BadRequest, $"'depth' is '{ClientText.Quoted(depth)}'; valid are {string.Join(", ", JobFiles.Depths)}."),
        StretchOf(job.Audio!, from, to));

    private static Stretch StretchOf(JobAudio audio, long? from, long? to)
    {
        Stretch stretch = new(from ?? 0, to ?? audio.Frames);
        return stretch.From >= 0 && stretch.To <= audio.Frames && stretch.Frames > 0 ? stretch
            : throw new ApiError(ApiErrorKind.BadRequest, $"'from' and 'to' are frames, 0 to {audio.Frames}, and 'from' is the smaller one.");
    }

    private static (Job Job, JobAudio Audio, int Number) Find(JobQueue queue, string id, string stem)
    {
        Job job = queue.Get(Routes.CheckId("job", id));
        if (job.Audio is not { } audio)
        {
            throw NotReady(job);
        }

        int number = StemNames.IndexOf(audio.Stems, stem);
        return number >= 0 ? (job, audio, number) : throw ApiError.NotFound("stem", stem);
    }

    private static Job Done(JobQueue queue, string id)
    {
        Job job = queue.Get(Routes.CheckId("job", id));
        return job is { State: JobState.Done, Audio: not null } ? job : throw NotReady(job);
    }

    public static ApiError NotReady(Job job) => new(
        ApiErrorKind.NotReady, $"The job is {job.State.ToString().ToLowerInvariant()}; this is there when it is done.");

    // Not by the field {track}, which trusts a name that this system holds: the client's may be another one.
    private static string NameOf(FileNamePattern pattern, Job job, string stem, string extension) => pattern.Render(
        new Dictionary<string, string?> { ["title"] = job.Title ?? Path.GetFileNameWithoutExtension(job.Name), ["stem"] = stem, ["ext"] = extension });

    private static void Offer(HttpContext context, FileNamePattern pattern, Job job, string stem, string extension)
    {
        ContentDispositionHeaderValue disposition = new("attachment");
        disposition.SetHttpFileName(NameOf(pattern, job, stem, extension));
        context.Response.Headers.ContentDisposition = disposition.ToString();
    }
}
