using System.Diagnostics;
using System.Globalization;
using System.Text;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Benchmarks.Pipeline;

/// <summary>Draws when the stages of a run were at work: a row for each kind, a bar for each time.</summary>
internal static class TimelinePicture
{
    private const int Width = 1200, Left = 110, Row = 28, Top = 40;
    private static readonly string[] s_colours = ["#3b6ea5", "#d08a2e", "#5f9e5f", "#a5506e", "#7a6bb0", "#4aa3a3", "#8a7a55", "#555555"];

    /// <summary>The picture, as SVG.</summary>
    internal static string Of(PipelineResult result)
    {
        IReadOnlyList<TimelineStage> stages = result.Timeline.Stages;
        string[] names = [.. stages.Select(s => s.Name).Distinct()];
        double scale = (Width - Left - 20) / result.WallSeconds;
        int height = Top + names.Length * Row + 30;
        StringBuilder svg = new();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"10\" y=\"22\">{result.AudioSeconds:F0} s of audio in {result.WallSeconds:F3} s, {result.Threads} threads, longest chain {result.Timeline.CriticalPath:F3} s</text>");
        for (int i = 0; i < names.Length; i++)
        {
            int y = Top + i * Row;
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"10\" y=\"{y + 18}\">{names[i]}</text>");
            foreach (TimelineStage stage in stages.Where(s => s.Name == names[i]))
            {
                double x = Left + Stopwatch.GetElapsedTime(result.Began, stage.Began).TotalSeconds * scale;
                svg.AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{x:F2}\" y=\"{y + 4}\" width=\"{Math.Max(0.3, stage.Seconds * scale):F2}\" height=\"{Row - 8}\" fill=\"{s_colours[i % s_colours.Length]}\" fill-opacity=\"0.7\"/>");
            }
        }

        for (int tick = 0; tick <= 10; tick++)
        {
            double x = Left + tick * (Width - Left - 20) / 10.0;
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{x:F0}\" y=\"{height - 8}\" text-anchor=\"middle\" fill=\"#666\">{result.WallSeconds * tick / 10:F2} s</text>");
        }

        svg.AppendLine("</svg>");
        return svg.ToString();
    }
}
