using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Device;

/// <summary>
/// What is known of a device and its driver from before: pipelines, and which tiles are fastest. In a folder that only the
/// user can write to. Anything that is not exactly what was written is a miss: drivers trust these bytes.
/// </summary>
internal sealed class DeviceCache
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int HashBytes = 32;

    private readonly string _folder;
    private readonly string _pipelines, _tiles, _matrices, _trials;
    private int _stored;

    public DeviceCache(string folder, GpuInfo info)
    {
        _folder = folder;
        _pipelines = Path.Combine(folder, $"{info.Identity}.pipelines");
        _tiles = Path.Combine(folder, $"{info.Identity}.tiles");
        _matrices = Path.Combine(folder, $"{info.Identity}.matrices");
        _trials = Path.Combine(folder, $"{info.Identity}.trials");
    }

    /// <summary>What the driver gave; nothing where there is nothing, or it is damaged.</summary>
    public byte[] ReadPipelines()
    {
        byte[] data = Read(_pipelines);
        _stored = data.Length;
        return data;
    }

    /// <summary>Writes what the driver has now, where it has more than before.</summary>
    public void WritePipelines(PipelineSet pipelines)
    {
        byte[] data = pipelines.CacheData();
        if (data.Length > 0 && data.Length != _stored)
        {
            Write(_pipelines, data);
            _stored = data.Length;
        }
    }

    /// <summary>Tiles by product.</summary>
    public Dictionary<string, ProductTile> ReadTiles()
    {
        Dictionary<string, ProductTile> tiles = new(StringComparer.Ordinal);
        foreach (string line in Encoding.UTF8.GetString(Read(_tiles)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('=');
            int[] sizes = parts.Length == 2 ? [.. parts[1].Split(' ').Select(v => int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)] : [];
            if (sizes.Length == 5)
            {
                tiles[parts[0]] = new ProductTile(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
            }
        }

        return tiles;
    }

    /// <summary>Keeps tiles, those of other networks too.</summary>
    public void WriteTiles(IReadOnlyDictionary<string, ProductTile> tiles)
    {
        Dictionary<string, ProductTile> all = ReadTiles();
        foreach ((string product, ProductTile tile) in tiles)
        {
            all[product] = tile;
        }

        Write(_tiles, Encoding.UTF8.GetBytes(string.Concat(all.Select(t => $"{t.Key}={t.Value.BM} {t.Value.BN} {t.Value.BK} {t.Value.TM} {t.Value.TN}\n"))));
    }

    /// <summary>Whether cooperative matrices gave what they should; null where they were not tried.</summary>
    public bool? ReadMatrices() => Read(_matrices) is [byte known] ? known == 1 : null;

    /// <summary>Keeps what came out.</summary>
    public void WriteMatrices(bool right) => Write(_matrices, [right ? (byte)1 : (byte)0]);

    /// <summary>Trials by what they were taken with.</summary>
    public Dictionary<string, SpeedTrial> ReadTrials()
    {
        Dictionary<string, SpeedTrial> trials = new(StringComparer.Ordinal);
        foreach (string line in Encoding.UTF8.GetString(Read(_trials)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('=');
            double[] seconds = parts.Length == 2 ? [.. parts[1].Split(' ').Select(v => double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out double n) ? n : 0)] : [];
            if (seconds is [> 0, > 0])
            {
                trials[parts[0]] = new SpeedTrial(seconds[0], seconds[1]);
            }
        }

        return trials;
    }

    /// <summary>Keeps a trial.</summary>
    public void WriteTrial(string key, SpeedTrial trial)
    {
        Dictionary<string, SpeedTrial> all = ReadTrials();
        all[key] = trial;
        Write(_trials, Encoding.UTF8.GetBytes(string.Concat(all.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key}={t.Value.Device:R} {t.Value.Processor:R}\n")))));
    }

    private static byte[] Read(string path)
    {
        try
        {
            byte[] file = File.ReadAllBytes(path);
            if (file.Length > HashBytes && SHA256.HashData(file.AsSpan(HashBytes)).AsSpan().SequenceEqual(file.AsSpan(0, HashBytes)))
            {
                return file[HashBytes..];
            }

            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No cache is no error: what it holds is made again.
        }

        return [];
    }

    private void Write(string path, byte[] data)
    {
        try
        {
            OpenFolder();
            string temporary = $"{path}.{Environment.ProcessId}.tmp";
            File.WriteAllBytes(temporary, [.. SHA256.HashData(data), .. data]);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start makes it again.
        }
    }

    // A folder that others could write to would let them choose what runs on the device.
    private void OpenFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder);
            return;
        }

        Directory.CreateDirectory(_folder, Mine);
        if (File.GetUnixFileMode(_folder) != Mine)
        {
            File.SetUnixFileMode(_folder, Mine);
        }
    }
}
