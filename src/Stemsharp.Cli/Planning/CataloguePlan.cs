using System.Globalization;
using System.Text;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Planning;

/// <summary>
/// What a catalogue will take on machines of a kind: a song of mean length as it was measured here, times the songs. Machines work on several
/// songs side by side, each with the threads that were measured.
/// </summary>
internal sealed record CataloguePlan
{
    private const int Unit = 1000;

    internal required string Model { get; init; }

    internal required long Songs { get; init; }

    /// <summary>Of music, all songs together.</summary>
    internal required double Hours { get; init; }

    internal required MachineType Machine { get; init; }

    /// <summary>Threads that a song was measured with.</summary>
    internal required int Threads { get; init; }

    /// <summary>For a song of mean length, here.</summary>
    internal required double SongSeconds { get; init; }

    /// <summary>Whether a GPU does the work.</summary>
    internal required bool OnGpu { get; init; }

    /// <summary>All stems of all songs.</summary>
    internal required double DiskBytes { get; init; }

    /// <summary>Of one task, which separates a song at a time.</summary>
    internal required long TaskBytes { get; init; }

    /// <summary>Hours of one GPU; 0 where none is used.</summary>
    internal double GpuHours => OnGpu ? Songs * SongSeconds / 3600 / Machine.Speed : 0;

    /// <summary>Hours of one processor; beside a GPU those that wait for it, too.</summary>
    internal double CoreHours => OnGpu ? MachineHours * Machine.Cores : Songs * SongSeconds * Threads / 3600 / Machine.Speed;

    /// <summary>Hours of one machine.</summary>
    internal double MachineHours => OnGpu ? GpuHours / Machine.Gpus : CoreHours / Machine.Cores;

    internal double? Cost => MachineHours * Machine.Price;

    /// <summary>Songs that a machine works on at once.</summary>
    internal int TasksAtOnce => OnGpu ? Machine.Gpus : Math.Max(1, Machine.Cores / Threads);

    /// <summary>Plans after a calibration.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="sampleRate">Its rate.</param>
    /// <param name="songs">How many.</param>
    /// <param name="hours">Their length together.</param>
    /// <param name="machine">What they are separated on.</param>
    /// <param name="threads">Threads that were measured with.</param>
    /// <param name="calibration">What was measured.</param>
    /// <exception cref="OptionException">A GPU was measured, and the machine has none.</exception>
    internal static CataloguePlan Make(string model, int sampleRate, long songs, double hours, MachineType machine, int threads, Calibration calibration)
    {
        double mean = hours * 3600 / songs;
        bool onGpu = calibration.DeviceBytes > 0;
        if (onGpu && machine.Gpus == 0)
        {
            throw new OptionException("The work was measured on a GPU, and --machine has none. Add gpus=1, or --engine cpu.");
        }

        return new CataloguePlan
        {
            Model = model,
            Songs = songs,
            Hours = hours,
            Machine = machine,
            Threads = threads,
            SongSeconds = calibration.SecondsFor((long)(mean * sampleRate)) + (calibration.Decodes ? calibration.DecodingFor(mean) : 0),
            OnGpu = onGpu,
            DiskBytes = calibration.FileBytesPerSecond * hours * 3600,
            TaskBytes = calibration.MemoryBytes,
        };
    }

    internal string ToText()
    {
        StringBuilder text = new();
        string mean = Words.Duration(TimeSpan.FromHours(Hours / Songs));
        text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"{Songs:N0} songs of {mean} on average, {Hours:N0} hours, with {Model}"));
        text.AppendLine(string.Create(CultureInfo.InvariantCulture,
            $"on {Machine.Name}: {Machine.Cores} core{Words.Plural(Machine.Cores)}{(Machine.Gpus > 0 ? $", {Machine.Gpus} GPU{Words.Plural(Machine.Gpus)}" : "")}{(Machine.Price is { } price ? $", {price} an hour" : "")}{(Machine.Speed != 1 ? $", {Machine.Speed} times as fast as here" : "")}"));
        text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"one song {Words.Duration(TimeSpan.FromSeconds(SongSeconds / Machine.Speed))}, {TasksAtOnce} at once, {Words.Bytes(TaskBytes)} of memory each"));
        text.AppendLine("                    all    per 1,000 songs");
        Row("core-hours", CoreHours, N);
        if (OnGpu)
        {
            Row("GPU-hours", GpuHours, N);
        }

        Row("machine-hours", MachineHours, N);
        Row("disk", DiskBytes, b => Words.Bytes((long)b));
        if (Cost is { } cost)
        {
            Row("cost", cost, N);
        }

        return text.ToString().TrimEnd();

        static string N(double value) => value.ToString(value < 100 ? "0.00" : "N0", CultureInfo.InvariantCulture);

        void Row(string name, double value, Func<double, string> words) => text.AppendLine($"{name,-13} {words(value),9}  {words(value / Songs * Unit),12}");
    }

    internal string ToJson() => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("model", Model);
            json.WriteNumber("songs", Songs);
            json.WriteNumber("hours", Hours);
            json.WriteStartObject("machine");
            json.WriteString("name", Machine.Name);
            json.WriteNumber("cores", Machine.Cores);
            json.WriteNumber("gpus", Machine.Gpus);
            if (Machine.Price is { } price)
            {
                json.WriteNumber("price_per_hour", price);
            }

            json.WriteNumber("speed", Machine.Speed);
            json.WriteEndObject();
            json.WriteNumber("threads", Threads);
            json.WriteNumber("song_seconds", SongSeconds / Machine.Speed);
            json.WriteNumber("songs_at_once", TasksAtOnce);
            json.WriteNumber("memory_bytes_per_song_at_once", TaskBytes);
            Totals(1);
            json.WriteStartObject("per_1000_songs");
            Totals((double)Unit / Songs);
            json.WriteEndObject();

            void Totals(double share)
            {
                json.WriteNumber("core_hours", CoreHours * share);
                json.WriteNumber("gpu_hours", GpuHours * share);
                json.WriteNumber("machine_hours", MachineHours * share);
                json.WriteNumber("disk_bytes", Math.Round(DiskBytes * share));
                if (Cost is { } cost)
                {
                    json.WriteNumber("cost", cost * share);
                }
            }
        },
        indented: true);
}
