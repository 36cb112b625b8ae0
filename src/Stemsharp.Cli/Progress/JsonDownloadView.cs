using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>Says once what is downloaded and under which licence, and how far it is, in JSON lines: an event for each hundredth.</summary>
internal sealed class JsonDownloadView(TextWriter error) : IProgress<DownloadProgress>
{
    private readonly JsonLines _lines = new(error);
    private string _file = "";
    private long _shown = -1;
    private DownloadNotice? _notice;

    public void Report(DownloadProgress value)
    {
        if (value.Notice is { } notice && !ReferenceEquals(notice, _notice))
        {
            _notice = notice;
            _lines.Write("download_begin", json =>
            {
                json.WriteString("model", notice.Model);
                json.WriteNumberOrNull("bytes", notice.Bytes ?? (notice.Files.Count == 1 ? value.Total : null));
                json.WriteLicence(notice.Licence);
                if (notice.Unusable.Count > 0)
                {
                    json.WriteStartArray("unusable");
                    foreach (string broken in notice.Unusable)
                    {
                        json.WriteStringValue(broken);
                    }

                    json.WriteEndArray();
                }
            });
        }

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
            json.WriteNumberOrNull("total_bytes", value.Total);
        });
    }
}
