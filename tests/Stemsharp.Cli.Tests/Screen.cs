using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Stemsharp.Cli.Tests;

/// <summary>What stands on a terminal's screen after all that was written to it: cursor moves and erasures, no colours.</summary>
internal static partial class Screen
{
    /// <summary>The lines, without blanks at their ends.</summary>
    internal static string[] Of(string written)
    {
        List<StringBuilder> rows = [new()];
        int row = 0, column = 0;
        for (int i = 0; i < written.Length; i++)
        {
            if (Escape().Match(written, i) is { Success: true } escape && escape.Index == i)
            {
                int count = int.TryParse(escape.Groups[1].Value, CultureInfo.InvariantCulture, out int number) ? number : 1;
                switch (escape.Groups[2].Value)
                {
                    case "A":
                        row = Math.Max(0, row - count);
                        break;
                    case "B":
                        row += count;
                        break;
                    case "G":
                        column = count - 1;
                        break;
                    case "K":
                        Row().Length = escape.Groups[1].Value == "2" ? 0 : Math.Min(column, Row().Length);
                        break;
                    case "J":
                        Row().Length = Math.Min(column, Row().Length);
                        rows.RemoveRange(row + 1, rows.Count - row - 1);
                        break;
                }

                i += escape.Length - 1;
            }
            else if (written[i] == '\r')
            {
                column = 0;
            }
            else if (written[i] == '\n')
            {
                row++;
                Row();
            }
            else
            {
                StringBuilder line = Row();
                line.Append(' ', Math.Max(0, column + 1 - line.Length));
                line[column++] = written[i];
            }
        }

        return [.. rows.Select(line => line.ToString().TrimEnd())];

        StringBuilder Row()
        {
            while (rows.Count <= row)
            {
                rows.Add(new StringBuilder());
            }

            return rows[row];
        }
    }

    [GeneratedRegex("\u001b(?:\\[([0-9;?]*)([A-Za-z])|[=>])")]
    private static partial Regex Escape();
}
