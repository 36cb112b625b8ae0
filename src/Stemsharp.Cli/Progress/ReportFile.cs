using System.Text;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>
/// What became of each track, a JSON object a line, appended as tracks end: files of several shares and runs are one report when one is put
/// behind the other, and of two lines about a track the later one counts.
/// </summary>
internal sealed class ReportFile : IDisposable
{
    private const int Version = 1;

    /// <summary>Stands for the share's number in a report's name.</summary>
    internal const string ShardField = "{shard}";

    private readonly FileStream _file;
    private readonly Shard? _shard;
    private readonly Lock _lock = new();

    private ReportFile(FileStream file, Shard? shard) => (_file, _shard) = (file, shard);

    /// <summary>Opens a report to go on with it. A last line that a killed run has left unfinished is taken off.</summary>
    /// <exception cref="OutputException">It cannot be written, or another process writes it.</exception>
    internal static ReportFile Open(string path, Shard? shard)
    {
        string full = Path.GetFullPath(path.Replace(ShardField, $"{shard?.Index}", StringComparison.Ordinal));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            // One process writes it, others may read. On Unix only FileShare.None keeps other writers out, and it stops no reader but .NET's.
            FileShare share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;
            FileStream file = new(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, share, 1);
            file.SetLength(EndOfLastLine(file));
            file.Seek(0, SeekOrigin.End);
            return new ReportFile(file, shard);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"--report {full} cannot be written: {exception.Message} Where several shares run at once, give each a report of its own, such as report-{ShardField}.jsonl.", exception);
        }
    }

    /// <summary>Adds a track.</summary>
    /// <param name="model">What separated it.</param>
    /// <param name="outcome">What became of it.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    internal void Add(string model, TrackOutcome outcome)
    {
        string line = JsonText.Object(json =>
        {
            json.WriteNumber("v", Version);
            json.WriteString("time", DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("host", Environment.MachineName);
            if (_shard is not null)
            {
                json.WriteNumber("shard", _shard.Index);
                json.WriteNumber("shards", _shard.Count);
            }

            json.WriteString("model", model);
            OutcomeJson.WriteFields(json, outcome);
        });
        lock (_lock)
        {
            OutputErrors.Guard(() => _file.Write(Encoding.UTF8.GetBytes(line + "\n")));
        }
    }

    public void Dispose() => _file.Dispose();

    private static long EndOfLastLine(FileStream file)
    {
        byte[] block = new byte[4096];
        for (long end = file.Length; end > 0;)
        {
            int length = (int)Math.Min(block.Length, end);
            file.Seek(end - length, SeekOrigin.Begin);
            file.ReadExactly(block, 0, length);
            int at = block.AsSpan(0, length).LastIndexOf((byte)'\n');
            if (at >= 0)
            {
                return end - length + at + 1;
            }

            end -= length;
        }

        return 0;
    }
}
