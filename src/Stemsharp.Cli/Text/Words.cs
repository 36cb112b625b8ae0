using System.Globalization;
using Stemsharp.Files;

namespace Stemsharp.Cli.Text;

/// <summary>Durations, speeds, sizes and licences in the words that every command uses.</summary>
internal static class Words
{
    internal static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 3600 => $"{(int)time.TotalMinutes}:{time.Seconds:00} min",
        _ => $"{(int)time.TotalHours}:{time.Minutes:00} h",
    };

    internal static string Speed(double speed) =>
        speed <= 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{speed:0.0}× real time");

    internal static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{bytes} bytes",
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };

    /// <summary>What a download is of: name, size, licence and by whom it was stated.</summary>
    /// <param name="notice">What is fetched.</param>
    /// <param name="total">The size of its first file as the server says it.</param>
    internal static string Download(DownloadNotice notice, long? total) =>
        $"Downloading {notice.Model} ({((notice.Bytes ?? (notice.Files.Count == 1 ? total : null)) is { } bytes ? Bytes(bytes) : "size unknown")}). Licence: {Licence(notice.Licence)}.";

    internal static string Licence(ModelLicence? licence) => licence?.ToString() ?? "not stated";

    internal static string Null(NullDepth decibels) =>
        $"the stems' sum differs from the mix by {Level(decibels.Before)} before, {Level(decibels.After)} after the residual was assigned";

    private static string Level(double decibels) =>
        double.IsNegativeInfinity(decibels) ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{decibels:0.0} dB");

    internal static string Plural(int count) => count == 1 ? "" : "s";
}
