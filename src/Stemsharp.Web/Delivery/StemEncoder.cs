using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Delivery;

/// <summary>Gives out stems in the format that is asked for; what had to be encoded is kept beside the WAV file.</summary>
internal sealed class StemEncoder(ISongSeparator separator, JobQueue queue, DiskBudget disk) : IDisposable
{
    /// <summary>One at a time: encoders use every core that they get, and the engine needs them.</summary>
    private readonly SemaphoreSlim _one = new(1);

    public static string MediaType(string format) => format switch
    {
        "flac" => "audio/flac",
        "mp3" => "audio/mpeg",
        _ => "audio/wav",
    };

    /// <summary>The format that is asked for, or WAV.</summary>
    /// <exception cref="ExternalToolException">It needs FFmpeg, which is not here.</exception>
    /// <exception cref="OptionException">There is no such format.</exception>
    public string CheckFormat(string? format)
    {
        format ??= "wav";
        if (separator.Encoders.Contains(format))
        {
            return format;
        }

        throw format == "mp3"
            ? new ExternalToolException($"'{format}' needs FFmpeg, which the server has not found. Install FFmpeg and start the server again, or ask for {string.Join(" or ", separator.Encoders)}.")
            : new OptionException($"'{ClientText.Quoted(format)}' is not written here; valid are {string.Join(", ", separator.Encoders)}.");
    }

    public async Task<string> GetAsync(Job job, StemFiles files, int stem, string format, CancellationToken cancellationToken)
    {
        string path = files.Final(stem, format);
        if (File.Exists(path))
        {
            return path;
        }

        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (File.Exists(path))
            {
                return path;
            }

            string wav = files.Final(stem, "wav"), item = "encoding " + job.Id;
            // No encoder's file is larger than what it is made of.
            disk.Reserve(item, new FileInfo(wav).Length);
            try
            {
                await Task.Run(() => separator.Encode(wav, path, format, cancellationToken), cancellationToken).ConfigureAwait(false);
                queue.Weigh(job.Id);
            }
            finally
            {
                disk.Release(item);
            }

            return path;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
