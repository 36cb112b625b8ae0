using Stemsharp.Cli.Hosting;
using Stemsharp.Fleet;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Working;

/// <summary>Brings stems of finished jobs into a folder, by the names that they have below the place that they were put to.</summary>
/// <param name="stores">Where they are.</param>
/// <param name="folder">Gets them.</param>
internal sealed class FetchedStems(FileStores stores, string folder)
{
    /// <summary>Fetches a job's stems; each is whole before it has its name.</summary>
    /// <param name="record">The job, done.</param>
    /// <param name="place">Where its stems were put to: a path or an address.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The files' paths.</returns>
    /// <exception cref="ExternalToolException">They are not there any more, or their server is not.</exception>
    internal async Task<IReadOnlyList<string>> FetchAsync(JobRecord record, string place, CancellationToken cancellationToken)
    {
        List<string> fetched = [];
        foreach (string file in record.Result!.Files)
        {
            string path = Path.GetFullPath(Path.Combine(folder, NameOf(record, place, file))), temporary = $"{path}.{Environment.ProcessId}.tmp";
            if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new OptionException($"{FileAddress.Redacted(file)} of job {record.Job.Id} would leave the folder {folder}; it is not fetched.");
            }

            OutputErrors.Guard(() => Directory.CreateDirectory(Path.GetDirectoryName(path)!));
            try
            {
                await stores.SourceOf(file).FetchAsync(file, temporary, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException exception)
            {
                throw new ExternalToolException($"The stems of job {record.Job.Id} were not fetched: {exception.Message}", exception);
            }

            OutputErrors.Guard(() => File.Move(temporary, path, overwrite: true));
            fetched.Add(path);
        }

        return fetched;
    }

    private static string NameOf(JobRecord record, string place, string file)
    {
        switch (FileAddress.SchemeOf(file))
        {
            case null:
                return Path.GetRelativePath(place, file);
            case FileAddress.Nats:
                // Below the place: the job, and the right under which it was done.
                string name = ObjectName.Read(FileAddress.PartsOf(file).Key);
                string own = $"{record.Job.Id}/";
                int at = name.IndexOf(own, StringComparison.Ordinal);
                return at < 0 ? Path.GetFileName(name) : string.Join('/', name[(at + own.Length)..].Split('/').Skip(1));
            default:
                string key = FileAddress.PartsOf(file).Key, prefix = FileAddress.PartsOf(place).Key;
                return prefix.Length == 0 ? key : key.StartsWith(prefix + "/", StringComparison.Ordinal) ? key[(prefix.Length + 1)..] : Path.GetFileName(key);
        }
    }
}
