using System.Buffers.Binary;
using System.Diagnostics;
using Stemsharp.Client;

namespace Stemsharp.Web.Bench;

/// <summary>A server process with the demo model and a folder of its own, and what can be seen of it from outside.</summary>
internal sealed class MeasuredServer : IDisposable
{
    private readonly Process _process;
    private readonly bool _deleteFolder;

    private MeasuredServer(Process process, string folder, bool deleteFolder, Uri address, string token) =>
        (_process, Folder, _deleteFolder, Address, Token) = (process, folder, deleteFolder, address, token);

    public string Folder { get; }

    public Uri Address { get; }

    public string Token { get; }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Open files and sockets.</summary>
    public int Handles => Directory.Exists($"/proc/{_process.Id}/fd") ? Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length : _process.HandleCount;

    public static MeasuredServer Start() => Start(null, Directory.CreateTempSubdirectory("stemsharp-bench-").FullName, deleteFolder: true);

    /// <param name="build">The folder of another build's server; null for this one's.</param>
    /// <param name="folder">Its data.</param>
    /// <param name="deleteFolder">Whether that goes with it.</param>
    public static MeasuredServer Start(string? build, string folder, bool deleteFolder = false)
    {
        ProcessStartInfo start = new(
            "dotnet", ["exec", Path.Combine(build ?? AppContext.BaseDirectory, "Stemsharp.Web.dll"), "--port", "0", "--no-browser", "--data", folder, "--model", "demo", "--lifeline"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        string? line;
        do
        {
            line = process.StandardOutput.ReadLine() ?? throw new IOException("The server has not said where it is.");
        }
        while (!line.StartsWith("Stemsharp is at", StringComparison.Ordinal));
        string[] parts = line.Split(' ')[^1].Split("#token=");
        _ = process.StandardOutput.ReadToEndAsync();
        return new MeasuredServer(process, folder, deleteFolder, new Uri(parts[0]), parts[1]);
    }

    public StemsharpClient Connect() => new(Address, Token);

    /// <summary>The sample song, repeated or cut to a length.</summary>
    public static byte[] Song(double seconds)
    {
        byte[] sample = File.ReadAllBytes(SamplePath());
        byte[] song = new byte[44 + (int)(seconds * 44_100) * 4];
        sample.AsSpan(0, 44).CopyTo(song);
        for (int at = 44; at < song.Length; at += sample.Length - 44)
        {
            sample.AsSpan(44, Math.Min(sample.Length - 44, song.Length - at)).CopyTo(song.AsSpan(at));
        }

        BinaryPrimitives.WriteInt32LittleEndian(song.AsSpan(4), song.Length - 8);
        BinaryPrimitives.WriteInt32LittleEndian(song.AsSpan(40), song.Length - 44);
        return song;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(30_000))
        {
            _process.Kill();
        }

        _process.Dispose();
        if (_deleteFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static string SamplePath()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string sample = Path.Combine(folder.FullName, "samples", "song", "mix.wav");
            if (File.Exists(sample))
            {
                return sample;
            }
        }
        throw new FileNotFoundException("Run this from the repository's own build output: samples/song/mix.wav was not found.");
    }
}
