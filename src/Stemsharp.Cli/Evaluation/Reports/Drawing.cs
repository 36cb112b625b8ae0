using System.Globalization;
using System.Text;
using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>Pictures as markup that needs no other file: inline SVG, and PNG in data addresses.</summary>
internal static class Drawing
{
    /// <summary>What the darkest colour of a spectrogram stands for.</summary>
    internal const double QuietestDecibels = -100;

    /// <summary>What its lightest colour stands for.</summary>
    internal const double LoudestDecibels = -15;

    // Dark to light, evenly rising in brightness, so that it reads the same in grey.
    private static readonly (int Red, int Green, int Blue)[] s_scale =
        [(4, 4, 20), (55, 15, 105), (140, 40, 125), (225, 85, 95), (253, 165, 105), (252, 250, 200)];

    private static readonly byte[] s_palette = Palette();

    /// <summary>An outline of a sound as an SVG path that fills ±<paramref name="peak"/>.</summary>
    internal static string Waveform(SoundPicture picture, double peak, string label)
    {
        int columns = picture.Outline.Length;
        StringBuilder path = new();
        for (int x = 0; x < columns; x++)
        {
            path.Append(CultureInfo.InvariantCulture, $"{(x == 0 ? 'M' : 'L')}{x} {Y(picture.Outline[x].High)}");
        }

        for (int x = columns - 1; x >= 0; x--)
        {
            path.Append(CultureInfo.InvariantCulture, $"L{x} {Y(picture.Outline[x].Low)}");
        }

        return $"""<svg class="wave" viewBox="0 0 {columns} 100" preserveAspectRatio="none" role="img" aria-label="{label}"><path d="{path}Z"/></svg>""";

        string Y(double sample) => (50 - 49.5 * Math.Clamp(sample / Math.Max(peak, 1e-6), -1, 1)).ToString("0.#", CultureInfo.InvariantCulture);
    }

    /// <summary>A spectrogram as an image element.</summary>
    internal static string Spectrum(SoundPicture picture, string label)
    {
        int columns = picture.Power.Length;
        byte[] pixels = new byte[columns * Spectrogram.Rows];
        for (int x = 0; x < columns; x++)
        {
            for (int row = 0; row < Spectrogram.Rows; row++)
            {
                double decibels = 10 * Math.Log10(picture.Power[x][row] + 1e-20);
                double level = (decibels - QuietestDecibels) / (LoudestDecibels - QuietestDecibels);
                pixels[(Spectrogram.Rows - 1 - row) * columns + x] = (byte)(255 * Math.Clamp(level, 0, 1));
            }
        }

        string data = Convert.ToBase64String(PngImage.Encode(columns, Spectrogram.Rows, pixels, s_palette));
        return $"""<img class="spectrum" alt="{label}" src="data:image/png;base64,{data}">""";
    }

    /// <summary>A box plot: a row per name with quartiles, whiskers up to 1.5 box lengths, and single values beyond.</summary>
    internal static string BoxPlot(string title, IReadOnlyList<(string Name, double[] Values)> rows)
    {
        const int left = 80, width = 640, rowHeight = 26, top = 8;
        double[] all = [.. rows.SelectMany(row => row.Values).Where(double.IsFinite)];
        // Nearly silent frames can lie at −50 dB: beyond the boxes, they are drawn at the edge instead of squeezing everything.
        double lowestBox = rows.Select(row => Statistics.Quantile(row.Values, 0.25)).Where(double.IsFinite).DefaultIfEmpty(0).Min();
        double low = Math.Floor(Math.Max(all.DefaultIfEmpty(0).Min(), Math.Min(-5, lowestBox - 5)) / 5) * 5;
        double high = Math.Ceiling(all.DefaultIfEmpty(10).Max() / 5) * 5;
        if (!(high > low))
        {
            (low, high) = (low - 5, low + 5);
        }

        int height = top + rows.Count * rowHeight + 22;
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg class="boxes" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">""");
        double tick = (high - low) switch { > 80 => 20, > 30 => 10, _ => 5 };
        for (double value = Math.Ceiling(low / tick) * tick; value <= high; value += tick)
        {
            svg.Append($"""<line class="grid" x1="{X(value)}" x2="{X(value)}" y1="{top}" y2="{height - 18}"/>""");
            svg.Append($"""<text x="{X(value)}" y="{height - 4}" text-anchor="middle">{ScoreText.Decibels(value).Replace(".00", "", StringComparison.Ordinal)}</text>""");
        }

        for (int i = 0; i < rows.Count; i++)
        {
            int middle = top + i * rowHeight + rowHeight / 2;
            svg.Append($"""<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{rows[i].Name}</text>""");
            double[] values = [.. rows[i].Values.Where(double.IsFinite).Order()];
            if (values.Length == 0)
            {
                continue;
            }

            double first = Statistics.Quantile(values, 0.25), median = Statistics.Median(values), third = Statistics.Quantile(values, 0.75);
            double reach = 1.5 * (third - first);
            double from = values.First(value => value >= first - reach), to = values.Last(value => value <= third + reach);
            svg.Append($"""<line class="whisker" x1="{X(from)}" x2="{X(to)}" y1="{middle}" y2="{middle}"/>""");
            svg.Append(CultureInfo.InvariantCulture, $"""<rect class="box" x="{X(first)}" width="{Math.Max(1, Place(third) - Place(first)):0.#}" y="{middle - 8}" height="16"/>""");
            svg.Append($"""<line class="median" x1="{X(median)}" x2="{X(median)}" y1="{middle - 8}" y2="{middle + 8}"/>""");
            foreach (double value in values.Where(value => value < from || value > to))
            {
                svg.Append($"""<circle class="far" cx="{X(value)}" cy="{middle}" r="2.5"><title>{ScoreText.Decibels(value)} dB</title></circle>""");
            }
        }

        return svg.Append("</svg>").ToString();

        double Place(double value) => left + (width - left - 16) * (Math.Clamp(value, low, high) - low) / (high - low);
        string X(double value) => Place(value).ToString("0.#", CultureInfo.InvariantCulture);
    }

    private static byte[] Palette()
    {
        byte[] palette = new byte[3 * 256];
        for (int i = 0; i < 256; i++)
        {
            double place = i / 255.0 * (s_scale.Length - 1);
            int below = Math.Min((int)place, s_scale.Length - 2);
            double share = place - below;
            (int Red, int Green, int Blue) from = s_scale[below], to = s_scale[below + 1];
            palette[3 * i] = (byte)Math.Round(from.Red + share * (to.Red - from.Red));
            palette[3 * i + 1] = (byte)Math.Round(from.Green + share * (to.Green - from.Green));
            palette[3 * i + 2] = (byte)Math.Round(from.Blue + share * (to.Blue - from.Blue));
        }

        return palette;
    }
}
