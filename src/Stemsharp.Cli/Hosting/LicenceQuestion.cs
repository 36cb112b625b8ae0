using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Hosting;

/// <summary>Asks whether a licence is accepted, where somebody is there to answer.</summary>
internal static class LicenceQuestion
{
    /// <summary>Asks on the terminal; without one nobody accepts anything.</summary>
    internal static bool Ask(DownloadNotice notice) =>
        !Console.IsInputRedirected && !Console.IsErrorRedirected && Ask(notice, Console.In, Console.Error);

    internal static bool Ask(DownloadNotice notice, TextReader input, TextWriter error)
    {
        error.WriteLine($"The publisher of {notice.Model} demands that its licence is accepted before the download: {Words.Licence(notice.Licence)}.");
        error.Write("Accept it? [y/N] ");
        return input.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
