namespace Stemsharp.Cli.Progress;

/// <summary>Says how far the download of a model is: in place on a terminal, a line each tenth elsewhere.</summary>
internal sealed class DownloadView(TextWriter error, bool quiet) : IProgress<DownloadProgress>
{
    private string _file = "";
    private int _shown = -1;

    public void Report(DownloadProgress value)
    {
        if (quiet || value.Total is not > 0)
        {
            return;
        }

        int percent = (int)(100 * value.Received / value.Total.Value);
        bool terminal = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
        int step = terminal ? percent : percent / 10 * 10;
        if (value.File == _file && step == _shown)
        {
            return;
        }

        _file = value.File;
        _shown = step;
        string line = $"Downloading {value.File}: {step} % of {Words.Bytes(value.Total.Value)}";
        if (terminal)
        {
            error.Write($"\r{line}{(percent == 100 ? "\n" : "")}");
        }
        else
        {
            error.WriteLine(line);
        }
    }
}
