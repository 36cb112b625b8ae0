using System.Globalization;
using System.Net;
using System.Text;

namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>One HTML file with tables, box plots, waveforms and spectrograms; it loads nothing else and runs no script.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1c1b22; --paper: #fdfcfa; --soft: #6a6776; --line: #d9d6de; --accent: #7a2d86; --fill: #e6cfe9; }
        @media (prefers-color-scheme: dark) { :root { --ink: #eceaf0; --paper: #17151d; --soft: #a5a0b3; --line: #3a3644; --accent: #d79be0; --fill: #4b2f52; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
        p.about, figcaption, footer { color: var(--soft); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid var(--line); } th:first-child, td:first-child { text-align: left; }
        td.main { font-weight: 600; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 1rem 2rem; }
        figure { margin: 0; } svg.boxes { width: 100%; height: auto; } svg.boxes text { font-size: 12px; fill: var(--soft); }
        .grid { stroke: var(--line); } .whisker { stroke: var(--accent); } .box { fill: var(--fill); stroke: var(--accent); } .median { stroke: var(--accent); stroke-width: 2.5; } .far { fill: none; stroke: var(--accent); }
        details { border-top: 1px solid var(--line); padding: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
        .sounds { display: grid; grid-template-columns: 5.5rem 1fr 1fr; gap: 4px 8px; align-items: center; }
        .sounds span { color: var(--soft); } svg.wave { width: 100%; height: 84px; background: color-mix(in srgb, var(--line) 30%, transparent); } svg.wave path { fill: var(--accent); stroke: var(--accent); stroke-width: .4; vector-effect: non-scaling-stroke; }
        img.spectrum { width: 100%; height: 84px; image-rendering: auto; display: block; }
        @media (max-width: 640px) { .sounds { grid-template-columns: 1fr; } .plots { grid-template-columns: 1fr; } }
        """;

    /// <summary>Writes the report.</summary>
    internal static void Write(TextWriter html, EvaluationRun run)
    {
        html.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
            <title>{Text(run.Estimates)} on {Text(run.References)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <h1>Separation quality</h1>
            <p class="about">{Text(run.Estimates)} against {Text(run.References)}, {Count(run.Tracks.Count, "track")}.
            SDR, ISR, SIR and SAR: BSS eval version 4, frames of {run.Options.Window.ToString(CultureInfo.InvariantCulture)} s, the median over a track's frames. All in dB; higher is better.</p>

            """);
        WriteSummary(html, run);
        WriteBoxPlots(html, run);
        html.Write($"<h2>Tracks</h2>\n<p class=\"about\">Waveforms of a stem share one scale. Spectrograms run from {Spectrogram.LowestFrequency} Hz to 16 kHz, logarithmically, and from {Drawing.QuietestDecibels} to {Drawing.LoudestDecibels} dB of full scale.</p>\n");
        foreach (JudgedTrack track in run.Tracks)
        {
            WriteTrack(html, track, open: run.Tracks.Count <= 3);
        }

        if (run.Failures.Count > 0)
        {
            html.Write("<h2>Not judged</h2>\n<ul>\n");
            foreach ((string track, Exception error) in run.Failures)
            {
                html.Write($"<li>{Text(track)}: {Text(error.Message)}</li>\n");
            }

            html.Write("</ul>\n");
        }

        html.Write("<footer><p>Made by stemsharp evaluate.</p></footer>\n</body>\n</html>\n");
    }

    private static void WriteSummary(TextWriter html, EvaluationRun run)
    {
        html.Write($"<h2>{(run.Tracks.Count == 1 ? "Scores" : "Median over tracks")}</h2>\n<div class=\"scroll\"><table>\n<tr><th scope=\"col\">stem</th>");
        foreach (ScoreColumn column in ScoreColumn.All)
        {
            html.Write($"<th scope=\"col\">{column.Name}</th>");
        }

        html.Write("<th scope=\"col\">tracks</th></tr>\n");
        foreach (StemSummary stem in StemSummary.Of(run))
        {
            html.Write($"<tr><td>{Text(stem.Stem)}</td>");
            for (int i = 0; i < stem.Medians.Count; i++)
            {
                html.Write($"<td{(i == 0 ? " class=\"main\"" : "")}>{ScoreText.Decibels(stem.Medians[i])}</td>");
            }

            html.Write($"<td>{stem.Tracks}</td></tr>\n");
        }

        html.Write("</table></div>\n");
    }

    private static void WriteBoxPlots(TextWriter html, EvaluationRun run)
    {
        bool single = run.Tracks.Count == 1;
        html.Write($"<h2>Spread over {(single ? "frames" : "tracks")}</h2>\n<div class=\"plots\">\n");
        // The ratio of whole tracks has no frames, so that a single track shows the framewise four.
        foreach (ScoreColumn column in ScoreColumn.All.Take(single ? 4 : 5))
        {
            (string, double[])[] rows = [.. run.Stems.Select(stem => (Text(stem), run.Of(stem).SelectMany(scores => single
                ? scores.Frames.Select(frame => column.Key switch { "sdr" => frame.Sdr, "isr" => frame.Isr, "sir" => frame.Sir, _ => frame.Sar })
                : [column.Read(scores)]).ToArray()))];
            if (!rows.Any(row => row.Item2.Any(double.IsFinite)))
            {
                continue;
            }

            html.Write($"<figure><figcaption>{column.Name}, dB</figcaption>{Drawing.BoxPlot($"Box plot of {column.Name} per stem", rows)}</figure>\n");
        }

        html.Write("</div>\n");
    }

    private static void WriteTrack(TextWriter html, JudgedTrack track, bool open)
    {
        TimeSpan duration = TimeSpan.FromSeconds((double)track.Scores.Length / track.Scores.SampleRate);
        html.Write($"<details{(open ? " open" : "")}><summary>{Text(track.Scores.Track)} ({duration.ToString(@"m\:ss", CultureInfo.InvariantCulture)})</summary>\n");
        for (int i = 0; i < track.Scores.Stems.Count; i++)
        {
            Stemsharp.Evaluation.StemScores scores = track.Scores.Stems[i];
            StringBuilder line = new();
            foreach (ScoreColumn column in ScoreColumn.All)
            {
                line.Append($" · {column.Name} {ScoreText.Decibels(column.Read(scores))}");
            }

            html.Write($"<h3>{Text(scores.Stem)}</h3>\n<p class=\"about\">{line.ToString(3, line.Length - 3)}</p>\n");
            if (track.Pictures.Count > i)
            {
                WriteSounds(html, Text(scores.Stem), track.Pictures[i]);
            }
        }

        html.Write("</details>\n");
    }

    private static void WriteSounds(TextWriter html, string stem, StemPictures pictures)
    {
        double peak = pictures.Reference.Outline.Concat(pictures.Estimate.Outline).Max(column => Math.Max(-column.Low, column.High));
        html.Write("<div class=\"sounds\">\n");
        foreach ((string name, SoundPicture picture) in new[] { ("reference", pictures.Reference), ("estimate", pictures.Estimate), ("error", pictures.Error) })
        {
            html.Write($"<span>{name}</span>{Drawing.Waveform(picture, peak, $"Waveform of {stem}, {name}")}{Drawing.Spectrum(picture, $"Spectrogram of {stem}, {name}")}\n");
        }

        html.Write("</div>\n");
    }

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
