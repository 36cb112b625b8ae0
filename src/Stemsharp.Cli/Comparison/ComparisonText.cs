using System.Globalization;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Comparison;

/// <summary>What <c>stemsharp compare</c> prints.</summary>
/// <param name="Expected">The side that is taken as true.</param>
/// <param name="Actual">The side that is judged.</param>
/// <param name="Stems">How they agree.</param>
/// <param name="LeastSnr">The bar, in dB.</param>
/// <param name="MostChange">The bar on the change of SI-SDR, in dB; null where there are no true stems.</param>
/// <param name="Passed">Whether every stem passes.</param>
internal sealed record ComparisonText(ComparedSide Expected, ComparedSide Actual, IReadOnlyList<StemComparison> Stems, double LeastSnr, double? MostChange, bool Passed)
{
    internal string Table()
    {
        string change = MostChange is null ? "" : $" {"true SI-SDR",12} {"change dB",10}";
        IEnumerable<string> lines =
        [
            Text($"expected  {Expected.Name}: {Expected.Engine}, {Expected.Seconds:F3} s a segment, {Expected.Memory / 1e6:F0} MB at most"),
            Text($"actual    {Actual.Name}: {Actual.Engine}, {Actual.Seconds:F3} s a segment, {Actual.Memory / 1e6:F0} MB at most"),
            $"{"stem",-10} {"SNR dB",8} {"SI-SDR dB",10} {"max difference",15} {"within tolerance",17}{change}",
            .. Stems.Select(Row),
            Text($"{(Passed ? "passed" : "FAILED")}: at least {LeastSnr} dB asked for{(MostChange is { } most ? Text($", and at most {most} dB of change in SI-SDR") : "")}"),
        ];
        return string.Join(Environment.NewLine, lines);
    }

    internal string Json() => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            foreach ((string role, ComparedSide side) in new[] { ("expected", Expected), ("actual", Actual) })
            {
                json.WriteStartObject(role);
                json.WriteString("name", side.Name);
                json.WriteString("engine", side.Engine);
                json.WriteNumber("seconds", Math.Round(side.Seconds, 4));
                json.WriteNumber("peak_memory_bytes", side.Memory);
                json.WriteEndObject();
            }

            json.WriteNumber("min_snr_db", LeastSnr);
            if (MostChange is { } most)
            {
                json.WriteNumber("max_si_sdr_change_db", most);
            }

            json.WriteStartArray("stems");
            foreach (StemComparison stem in Stems)
            {
                json.WriteStartObject();
                json.WriteString("stem", stem.Stem);
                Decibels("snr_db", stem.Report.Snr, 2);
                Decibels("si_sdr_db", stem.Report.SiSdr, 2);
                json.WriteNumber("max_difference", stem.Report.MaxDifference);
                json.WriteNumber("out_of_tolerance", stem.Report.OutOfTolerance);
                json.WriteBoolean("all_close", stem.Report.AllClose);
                Decibels("expected_si_sdr_db", stem.ExpectedQuality, 4);
                Decibels("actual_si_sdr_db", stem.ActualQuality, 4);
                Decibels("si_sdr_change_db", stem.QualityChange, 4);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("passed", Passed);

            void Decibels(string name, double? value, int digits)
            {
                if (value is { } number && double.IsFinite(number))
                {
                    json.WriteNumber(name, Math.Round(number, digits));
                }
            }
        },
        indented: true);

    private string Row(StemComparison stem)
    {
        string tolerance = stem.Report.AllClose ? "yes" : $"{stem.Report.OutOfTolerance} not";
        string row = Text($"{stem.Stem,-10} {stem.Report.Snr,8:F2} {stem.Report.SiSdr,10:F2} {stem.Report.MaxDifference,15:E2} {tolerance,17}");
        return MostChange is null ? row : row + Text($" {stem.ExpectedQuality,12:F2} {(stem.QualityChange is { } change ? Text($"{change:+0.0000;-0.0000;0.0000}") : "-"),10}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
