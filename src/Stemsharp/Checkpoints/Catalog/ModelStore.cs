using System.Globalization;
using System.Text.RegularExpressions;

namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Where a model's file was found.</summary>
internal enum FilePlace
{
    Missing,
    Cache,
    TorchHub,
    HuggingFace,
    OtherProgram,
}

/// <summary>
/// The files of known models on this machine: in folders of other programs, in the cache with its pinned checksums, and what the original
/// left in the caches of torch and of Hugging Face. Files appear in the cache whole and verified or not at all.
/// </summary>
internal sealed partial class ModelStore(string cacheFolder, string torchHubFolder, HubCache hub, IReadOnlyList<string> otherFolders, IReadOnlyList<Uri> mirrors, Func<HttpClient>? network)
{
    /// <summary>Whether nothing is fetched from Hugging Face's hub.</summary>
    public bool IsHubOffline { get; init; }

    /// <summary>Where checkpoints are kept and where people may put them.</summary>
    public string Folder { get; } = Path.Combine(cacheFolder, "models");

    /// <summary>Pause before the first repeated attempt; doubles from one to the next.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a connection may give nothing.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A file of that name, without a folder, where other programs keep theirs; null where there is none.</summary>
    public string? FindOther(string name) =>
        Path.GetFileName(name) == name ? otherFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) : null;

    /// <summary>Where a file is, whole or not.</summary>
    public (string? Path, FilePlace Place) Find(CatalogFile file) =>
        Places(file).Select(p => ((string?)p.Path, p.Place)).FirstOrDefault((null, FilePlace.Missing));

    /// <summary>Where the configuration of a checkpoint is; null where it has none or it is missing.</summary>
    public string? FindConfiguration(CatalogFile checkpoint)
    {
        if (checkpoint.Configuration is not { } configuration)
        {
            return null;
        }

        if (Find(checkpoint).Path is { } path)
        {
            if (SidecarFile.Beside(path).FirstOrDefault() is { } beside)
            {
                return beside;
            }

            if (ConfigurationFile.Find(path, configuration.PublishedName) is { } found)
            {
                return found;
            }
        }

        string cached = Path.Combine(Folder, configuration.Name);
        return File.Exists(cached) ? cached : null;
    }

    /// <summary>What of a checkpoint is not here: itself, its configuration, or both.</summary>
    public IEnumerable<CatalogFile> Missing(CatalogFile checkpoint)
    {
        if (!Places(checkpoint).Any(p => IsWhole(checkpoint, p.Path)))
        {
            yield return checkpoint;
        }

        if (checkpoint.Configuration is { } configuration && FindConfiguration(checkpoint) is null)
        {
            yield return configuration;
        }
    }

    /// <summary>The paths of a checkpoint, and of its configuration where it has one; what is missing is fetched.</summary>
    /// <exception cref="ModelException">A file cannot be fetched or kept, or it is another one than was published or fetched first.</exception>
    public async Task<(string Checkpoint, string? Configuration)> GetAsync(string model, CatalogFile checkpoint, Action<CatalogFile, long, long?>? progress, CancellationToken cancellationToken)
    {
        // A configuration is small, and without it the checkpoint is of no use.
        string? configuration = checkpoint.Configuration is { } own
            ? FindConfiguration(checkpoint) ?? await FetchAsync(model, own, progress, cancellationToken).ConfigureAwait(false)
            : null;
        // A file that was cut, or is another one, is not here, whoever keeps it; ours is fetched beside it.
        if (Places(checkpoint).Select(p => p.Path).FirstOrDefault(p => IsWhole(checkpoint, p)) is not { } path)
        {
            return (await FetchAsync(model, checkpoint, progress, cancellationToken).ConfigureAwait(false), configuration);
        }

        // A checksum in a name is compared whenever the file is opened; in the hub's cache it was just now.
        if (!hub.Owns(path) && FileNames.Parse(checkpoint.Name).Checksum is null && Verify(checkpoint, path) is { } problem)
        {
            throw new ModelException($"{model} was not opened: {path}: {problem}. Delete it to fetch it again; to use it as it is, name its path.") { Failure = ModelFailure.Corrupt };
        }

        return (path, configuration);
    }

    private async Task<string> FetchAsync(string model, CatalogFile file, Action<CatalogFile, long, long?>? progress, CancellationToken cancellationToken)
    {
        if (network is null)
        {
            throw NotHere(model, file, ModelFailure.Offline, $"the network may not be used (offline){Broken(file)}");
        }

        if (file.Hub is not null && IsHubOffline)
        {
            throw NotHere(model, file, ModelFailure.Offline, $"nothing may be fetched from the hub (HF_HUB_OFFLINE){Broken(file)}");
        }

        string target = PathOf(file);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using FileLock held = await FileLock.AcquireAsync(Path.Combine(cacheFolder, "locks", file.Name + ".lock"), cancellationToken).ConfigureAwait(false);
            // Another process may have fetched it while this one waited.
            if (File.Exists(target) && IsWhole(file, target))
            {
                return target;
            }

            await DownloadAsync(model, file, target, progress, cancellationToken).ConfigureAwait(false);
            return target;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{model}: its file {file.Name} could not be kept in {Folder}: {e.Message} Set STEMSHARP_CACHE to a folder with room that can be written to.", e) { Failure = ModelFailure.Download };
        }
    }

    /// <summary>What is wrong with a file, or null when its checksum is what its name, the catalog and the pin say.</summary>
    public string? Verify(CatalogFile file, string path)
    {
        if (hub.Owns(path))
        {
            return HubCache.Problem(path);
        }

        try
        {
            if (WrongSize(file, new FileInfo(path).Length) is { } wrong)
            {
                return wrong;
            }

            if (file.Sha256 is null && !File.Exists(PinPath(file)))
            {
                return null;
            }

            using ByteSource source = ByteSource.OpenFile(path);
            return Compare(file, source.Sha256);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Deletes the cached file and what was fetched of it. The pin stays: what is fetched again must be the same.</summary>
    /// <returns>Whether there was a file.</returns>
    public bool Remove(CatalogFile file)
    {
        string path = PathOf(file);
        bool existed = File.Exists(path);
        if (existed)
        {
            File.Delete(path);
        }

        string partial = Partial(path);
        if (File.Exists(partial))
        {
            File.Delete(partial);
        }

        return existed;
    }

    /// <summary>Where the cache has a file, or would have it.</summary>
    public string PathOf(CatalogFile file) => Path.Combine([Folder, .. file.Name.Split('/')]);

    private IEnumerable<(string Path, FilePlace Place)> Places(CatalogFile file)
    {
        // A name that many repositories have says nothing elsewhere.
        foreach (string folder in file.Hub is null ? otherFolders : [])
        {
            if (Path.Combine(folder, file.PublishedName) is var other && File.Exists(other))
            {
                yield return (other, FilePlace.OtherProgram);
            }
        }

        if (PathOf(file) is var cached && File.Exists(cached))
        {
            yield return (cached, FilePlace.Cache);
        }

        if (file.Hub is null && Path.Combine(torchHubFolder, file.Name) is var torch && File.Exists(torch))
        {
            yield return (torch, FilePlace.TorchHub);
        }

        if ((file.Hub ?? file.Twin) is { } published && hub.Find(published) is { } found)
        {
            yield return (found, FilePlace.HuggingFace);
        }
    }

    /// <summary>
    /// Whether a file has the size and the checksum that are published. It is read once for that: what was found is kept, by size and time.
    /// </summary>
    private bool IsWhole(CatalogFile file, string path)
    {
        try
        {
            bool isOfHub = hub.Owns(path);
            FileInfo info = new(isOfHub ? HubCache.Target(path) : path);
            if (!isOfHub && WrongSize(file, info.Length) is not null)
            {
                return false;
            }

            if ((isOfHub ? HubCache.Checksum(path) : file.Sha256) is not { } expected)
            {
                return !isOfHub || HubCache.Problem(path) is null;
            }

            string stamp = string.Create(CultureInfo.InvariantCulture, $"{info.FullName}\n{info.Length} {info.LastWriteTimeUtc.Ticks} {expected}\n");
            string seen = Path.Combine(cacheFolder, "verified", file.Name);
            if (File.Exists(seen) && File.ReadAllText(seen) == stamp)
            {
                return true;
            }

            if (isOfHub ? HubCache.Problem(path) is not null : !HasSha256(path, expected))
            {
                return false;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(seen)!);
            File.WriteAllText(seen, stamp);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever opens it says why it cannot be read, and next time it is read again.
            return true;
        }
    }

    private static bool HasSha256(string path, string expected)
    {
        using ByteSource source = ByteSource.OpenFile(path);
        return source.Sha256.StartsWith(expected, StringComparison.Ordinal);
    }

    /// <summary>Where a file is that is not whole, for messages; empty where it is nowhere.</summary>
    private string Broken(CatalogFile file)
    {
        return string.Concat(Unusable(file).Select(broken => $"; {broken} (to use it as it is, name its path)"));
    }

    /// <summary>The paths where a file is that is not whole, each with what is wrong with it.</summary>
    public IEnumerable<string> Unusable(CatalogFile file) => Places(file).Where(p => !IsWhole(file, p.Path)).Select(p => $"{p.Path}: {Verify(file, p.Path)}");

    private ModelException NotHere(string model, CatalogFile file, ModelFailure failure, string reason) => new(
        $"""
        {model} is not here: its file {Path.GetFileName(file.Name)} is missing, and {reason}.
        Go on where there is a network, or put {file.Addresses[0]} into {Path.GetDirectoryName(PathOf(file))}{(file.Hub is { } on ? $", or fetch it with 'hf download {on.Repository} {on.Name}', which also gets what is private or wants an agreement" : "")}.
        To try Stemsharp without a download, use the model demo (--model demo).
        """.ReplaceLineEndings(Environment.NewLine))
    {
        Failure = failure,
    };

    private async Task DownloadAsync(string model, CatalogFile file, string target, Action<CatalogFile, long, long?>? progress, CancellationToken cancellationToken)
    {
        using HttpClient client = network!();
        string partial = Partial(target);
        List<string> problems = [];
        foreach (Uri address in Addresses(file))
        {
            try
            {
                await DownloadFromAsync(client, address, file, partial, progress, cancellationToken).ConfigureAwait(false);
                File.Move(partial, target, overwrite: true);
                return;
            }
            catch (DownloadException e)
            {
                problems.Add(e.Message);
            }
        }

        throw NotHere(model, file, ModelFailure.Download, $"it could not be fetched ({string.Join("; ", problems)}){Broken(file)}");
    }

    private async Task DownloadFromAsync(HttpClient client, Uri address, CatalogFile file, string partial, Action<CatalogFile, long, long?>? progress, CancellationToken cancellationToken)
    {
        while (true)
        {
            FileDownload download = new(client, RetryPause, StallLimit) { Expected = file.Bytes };
            await download.RunAsync(address, partial, (received, total) => progress?.Invoke(file, received, total), cancellationToken).ConfigureAwait(false);
            string sha256;
            string? problem;
            using (ByteSource source = ByteSource.OpenFile(partial))
            {
                sha256 = source.Sha256;
                problem = WrongSize(file, source.Length) ?? Compare(file, sha256);
            }

            if (problem is null)
            {
                WritePin(file, sha256);
                return;
            }

            File.Delete(partial);
            // A beginning from another time or mirror may not fit the rest; a whole download that is wrong stays wrong.
            if (!download.WasResumed)
            {
                throw new DownloadException($"{address}: {problem}");
            }
        }
    }

    private IEnumerable<Uri> Addresses(CatalogFile file) =>
        (file.Hub is null ? mirrors : []).Select(m => new Uri(m.AbsoluteUri.EndsWith('/') ? m : new Uri(m.AbsoluteUri + "/"), Uri.EscapeDataString(file.Name))).Concat(file.Addresses);

    private static string? WrongSize(CatalogFile file, long bytes) => file.Bytes is { } expected && bytes != expected
        ? string.Create(CultureInfo.InvariantCulture, $"it has {bytes:N0} bytes, but {expected:N0} were published: it is cut off, or another file")
        : null;

    private string? Compare(CatalogFile file, string sha256)
    {
        if (file.Sha256 is { } expected && !sha256.StartsWith(expected, StringComparison.Ordinal))
        {
            return $"its SHA-256 is {sha256[..Math.Min(64, Math.Max(expected.Length, 8))]}, but {expected} was expected: it is damaged or another file";
        }

        string pin = PinPath(file);
        if (!File.Exists(pin))
        {
            return null;
        }

        string pinned = File.ReadAllText(pin).Trim();
        return Hash().IsMatch(pinned) && pinned != sha256
            ? $"its SHA-256 is {sha256}, but {pinned} was pinned when it was first fetched. If the change is intended, delete {pin}"
            : null;
    }

    private void WritePin(CatalogFile file, string sha256)
    {
        string path = PinPath(file);
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".new", sha256 + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    private string PinPath(CatalogFile file) => Path.Combine(cacheFolder, "pins", file.Name + ".sha256");

    private static string Partial(string target) => target + ".part";

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Hash();
}
