namespace Stemsharp.Cli.Progress;

/// <summary>Says how far the download of a model is, in JSON lines: an event for each hundredth.</summary>
internal sealed class JsonDownloadView(TextWriter error) : IProgress<DownloadProgress>
{
    private readonly JsonLines _lines = new(error);
    private string _file = "";
    private long _shown = -1;

    public void Report(DownloadProgress value)
    {
        // Without a total there are no hundredths; then it is whole megabytes.
        long step = value.Total is { } total and > 0 ? 100 * value.Received / total : value.Received / 1_000_000;
        if (value.File == _file && step == _shown)
        {
            return;
        }

        _file = value.File;
        _shown = step;
        _lines.Write("download", json =>
        {
            json.WriteString("file", value.File);
            json.WriteNumber("received_bytes", value.Received);
            if (value.Total is { } bytes)
            {
                json.WriteNumber("total_bytes", bytes);
            }
            else
            {
                json.WriteNull("total_bytes");
            }
        });
    }
}
