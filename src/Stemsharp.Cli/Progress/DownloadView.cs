using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>
/// Says once what is downloaded and under which licence, and then how far it is: in place on a terminal, a line each tenth
/// elsewhere.
/// </summary>
/// <param name="error">Where it is said.</param>
/// <param name="quiet">Say nothing at all.</param>
/// <param name="progress">Say how far it is.</param>
internal sealed class DownloadView(TextWriter error, bool quiet, bool progress = true) : IProgress<DownloadProgress>
{
    private string _file = "";
    private int _shown = -1;
    private DownloadNotice? _notice;

    public void Report(DownloadProgress value)
    {
        if (quiet)
        {
            return;
        }

        if (value.Notice is { } notice && !ReferenceEquals(notice, _notice))
        {
            _notice = notice;
            StatusLine.Clear();
            error.WriteLine(Words.Download(notice, value.Total));
        }

        if (!progress || value.Total is not > 0)
        {
            return;
        }

        int percent = (int)(100 * value.Received / value.Total.Value);
        bool terminal = StatusLine.IsTerminal(error);
        int step = terminal ? percent : percent / 10 * 10;
        if (value.File == _file && step == _shown)
        {
            return;
        }

        _file = value.File;
        _shown = step;
        string line = $"Downloading {value.File}: {step} % of {Words.Bytes(value.Total.Value)}";
        if (!terminal)
        {
            error.WriteLine(line);
        }
        else if (percent < 100)
        {
            StatusLine.Show(line);
        }
        else
        {
            StatusLine.Clear();
        }
    }
}
