using System.Security.Cryptography;

namespace Stemsharp.Vulkan.Device;

/// <summary>
/// What a driver wants to see again, by device and driver, in a folder that only the user can write to. Anything that is
/// not exactly what was written is a miss: drivers trust these bytes.
/// </summary>
internal sealed class PipelineCacheFile
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int HashBytes = 32;

    private readonly string _folder;
    private readonly string _path;
    private int _stored;

    public PipelineCacheFile(string folder, GpuInfo info)
    {
        _folder = folder;
        _path = Path.Combine(folder, $"{info.Identity}.pipelines");
    }

    /// <summary>The bytes, or none where there are none or they are damaged.</summary>
    public byte[] Read()
    {
        try
        {
            byte[] file = File.ReadAllBytes(_path);
            if (file.Length > HashBytes && SHA256.HashData(file.AsSpan(HashBytes)).AsSpan().SequenceEqual(file.AsSpan(0, HashBytes)))
            {
                byte[] data = file[HashBytes..];
                _stored = data.Length;
                return data;
            }

            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No cache is no error: pipelines are made again.
        }

        return [];
    }

    /// <summary>Writes what the driver has now, where it has more than before.</summary>
    public void Write(PipelineSet pipelines)
    {
        byte[] data = pipelines.CacheData();
        if (data.Length == 0 || data.Length == _stored)
        {
            return;
        }

        try
        {
            OpenFolder();
            string temporary = $"{_path}.{Environment.ProcessId}.tmp";
            File.WriteAllBytes(temporary, [.. SHA256.HashData(data), .. data]);
            File.Move(temporary, _path, overwrite: true);
            _stored = data.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start compiles again.
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
