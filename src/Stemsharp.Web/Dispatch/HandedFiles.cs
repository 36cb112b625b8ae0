using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Web.Sound;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Dispatch;

/// <summary>Takes a worker's files in as a job's stems. May be broken off at any point and done again.</summary>
internal static class HandedFiles
{
    /// <summary>A file of a finished job that is not to be seen here; null where all are.</summary>
    public static string? Missing(JobResult result, StemFiles files) => result.Files.Where((from, stem) => !File.Exists(from) && !File.Exists(files.Final(stem, "wav"))).FirstOrDefault();

    /// <summary>Moves the stems to where they belong and draws their waveforms.</summary>
    /// <param name="result">What the worker has said.</param>
    /// <param name="folder">The folder that it was to write to.</param>
    /// <param name="files">Where the stems belong.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The stems' sound.</returns>
    /// <exception cref="StoreException">The files are not what they should be.</exception>
    public static JobAudio Take(JobResult result, string folder, StemFiles files, CancellationToken cancellationToken)
    {
        if (result.Files.Count == 0 || result.Files.FirstOrDefault(file => !IsInside(file, folder)) is not null)
        {
            throw new StoreException(StoreErrorKind.Invalid, "A worker has told of files that are not this song's. Do all workers have the version of this server?");
        }

        DataFolder.CreatePrivate(files.Stems);
        DataFolder.CreatePrivate(files.PeaksFolder);
        JobAudio? audio = null;
        for (int stem = 0; stem < result.Files.Count; stem++)
        {
            string to = files.Final(stem, "wav");
            // What is here already was moved by a server that was killed then.
            if (File.Exists(result.Files[stem]))
            {
                File.Move(result.Files[stem], to, overwrite: true);
            }

            Waveform.Draw(to, files.PeakFile(stem), cancellationToken);
            using WavReader reader = WavReader.Open(to);
            audio ??= new JobAudio(reader.SampleRate, reader.Channels, reader.Header.Frames, [.. result.Files.Select(file => Path.GetFileNameWithoutExtension(file))]);
        }

        return audio!;
    }

    private static bool IsInside(string file, string folder) => Path.GetFullPath(file).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
