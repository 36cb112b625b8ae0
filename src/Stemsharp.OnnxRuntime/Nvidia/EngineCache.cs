using System.Diagnostics;
using System.Globalization;

namespace Stemsharp.OnnxRuntime.Nvidia;

/// <summary>
/// The folder where TensorRT keeps one graph's engine and timings. An engine fits one GPU architecture and one
/// version of TensorRT, so both are in the folder's name. It is built in a folder of another name, which gets its own
/// only when the engine is whole: a crash while building leaves what was there before.
/// </summary>
internal sealed class EngineCache : IDisposable
{
    private const string Unfinished = ".building-";

    private readonly string _final;
    private bool _complete;

    private EngineCache(string final, string folder) => (_final, Folder) = (final, folder);

    /// <summary>What the provider gets as its cache folder.</summary>
    public string Folder { get; private set; }

    /// <summary>Whether the engine was there already.</summary>
    public bool WasThere => _complete;

    /// <summary>Opens the cache of one graph.</summary>
    /// <param name="root">The folder of all caches; only the user may write there.</param>
    /// <param name="gpu">The GPU.</param>
    /// <param name="version">TensorRT's version.</param>
    /// <param name="graph">What tells the graph from others: a file name's part.</param>
    public static EngineCache Open(string root, NvidiaGpu gpu, Version version, string graph)
    {
        string target = string.Create(CultureInfo.InvariantCulture, $"{gpu.Architecture}-trt{version}");
        string final = Path.Combine(root, $"{target}-{graph}");
        Sweep(root);
        if (Directory.Exists(final))
        {
            return new EngineCache(final, final) { _complete = true };
        }

        string building = $"{final}{Unfinished}{Environment.ProcessId}-{Guid.NewGuid():N}";
        Directory.CreateDirectory(building);

        // Timings of other graphs on the same target shorten the building of this one.
        string? other = Directory.EnumerateDirectories(root, target + "-*").FirstOrDefault(d => !d.Contains(Unfinished, StringComparison.Ordinal));
        if (other is not null)
        {
            foreach (string timing in Directory.EnumerateFiles(other, "*.timing"))
            {
                File.Copy(timing, Path.Combine(building, Path.GetFileName(timing)));
            }
        }

        return new EngineCache(final, building);
    }

    /// <summary>Keeps what was built.</summary>
    public void Complete()
    {
        if (_complete)
        {
            return;
        }

        try
        {
            Directory.Move(Folder, _final);
            Folder = _final;
        }
        catch (IOException) when (Directory.Exists(_final))
        {
            // Another process was first; its engine is as good.
            Directory.Delete(Folder, recursive: true);
        }

        _complete = true;
    }

    /// <summary>Deletes what was not completed.</summary>
    public void Dispose()
    {
        if (!_complete && Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    // What a killed process left, told by its id, is of no use to anybody.
    private static void Sweep(string root)
    {
        foreach (string folder in Directory.EnumerateDirectories(root, $"*{Unfinished}*"))
        {
            string owner = folder[(folder.LastIndexOf(Unfinished, StringComparison.Ordinal) + Unfinished.Length)..].Split('-')[0];
            if (int.TryParse(owner, CultureInfo.InvariantCulture, out int id) && IsAlive(id))
            {
                continue;
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using Process process = System.Diagnostics.Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
