using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Working;

/// <summary>
/// A worker's folder for songs that it has fetched and stems that are not where they belong yet: a folder of its own in that for temporary
/// files, emptied after each job. Those of workers that were killed are swept away by the next one that begins: a lock says that somebody lives.
/// </summary>
internal sealed class Scratch : IDisposable
{
    private const string Prefix = "stemsharp-work-", Lock = "lock";

    private readonly string _folder;
    private readonly FileStream _lock;

    private Scratch(string folder, FileStream handle) => (_folder, _lock) = (folder, handle);

    /// <summary>Makes one.</summary>
    /// <param name="parent">Where; the system's folder for temporary files is the usual one.</param>
    /// <exception cref="OutputException">It cannot be made.</exception>
    internal static Scratch Create(string parent)
    {
        Sweep(parent);
        string folder = Path.Combine(parent, $"{Prefix}{Guid.NewGuid():N}");
        FileStream? handle = null;
        OutputErrors.Guard(() =>
        {
            Directory.CreateDirectory(folder);
            handle = new FileStream(Path.Combine(folder, Lock), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1);
        });
        return new Scratch(folder, handle!);
    }

    /// <summary>A folder for a job, which is there from the first file on.</summary>
    /// <param name="job">The job's ID.</param>
    internal string For(string job) => Path.Combine(_folder, job);

    /// <summary>Takes away what there is of a job.</summary>
    internal void Clear(string job) => Delete(For(job));

    public void Dispose()
    {
        _lock.Dispose();
        Delete(_folder);
    }

    private static void Sweep(string parent)
    {
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
            {
                if (!IsAlive(Path.Combine(folder, Lock)))
                {
                    Delete(folder);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What cannot be looked at is nobody's business here.
        }
    }

    // Without a lock it is being made just now, or taken away by another.
    private static bool IsAlive(string path)
    {
        if (!File.Exists(path))
        {
            return true;
        }

        try
        {
            using FileStream taken = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next one takes it away.
        }
    }
}
