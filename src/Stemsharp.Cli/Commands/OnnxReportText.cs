using System.Globalization;
using System.Text;
using Stemsharp.Cli.Text;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Targets;

namespace Stemsharp.Cli.Commands;

/// <summary>What <c>stemsharp inspect FILE.onnx</c> prints.</summary>
internal static class OnnxReportText
{
    internal static string Of(OnnxReport report, bool json) => json ? Json(report) : Text(report);

    private static string Text(OnnxReport report)
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"{report.Path}: operator set {report.Opset}, {report.Bytes / 1e6:0.00} MB");
        foreach (string input in report.Inputs)
        {
            Line($"input   {input}");
        }

        foreach (string output in report.Outputs)
        {
            Line($"output  {output}");
        }

        Line($"{report.Operators.Values.Sum()} nodes: {string.Join(", ", report.Operators.Select(o => $"{o.Key} {o.Value}"))}");
        foreach ((string key, string value) in report.Metadata)
        {
            Line($"{key} = {value}");
        }

        foreach (TargetVerdict verdict in report.Targets)
        {
            Line($"{verdict.Target.Name,-11} {(verdict.Runs ? verdict.Elsewhere.Count == 0 ? "takes it" : $"takes it, and leaves to the CPU: {string.Join("; ", verdict.Elsewhere)}" : $"refuses it: {string.Join("; ", verdict.Obstacles)}")}");
        }

        if (report.Findings.Count == 0)
        {
            Line($"rules       all kept: {string.Join(", ", GraphRules.All.Select(r => r.Name))}");
        }

        foreach (RuleFinding finding in report.Findings)
        {
            Line($"rules       {finding.Rule.Name} broken ×{finding.Places.Count}, first {finding.Places[0]}. {finding.Rule.Why}");
        }

        foreach (GraphAdvice advice in report.Advice)
        {
            Line($"note        {advice.Runtime}: {advice.Text}");
        }

        return text.ToString().TrimEnd();
    }

    private static string Json(OnnxReport report) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WritePath("path", report.Path);
            json.WriteNumber("bytes", report.Bytes);
            json.WriteNumber("opset", report.Opset);
            Strings("inputs", report.Inputs);
            Strings("outputs", report.Outputs);
            json.WriteStartObject("operators");
            foreach ((string name, int count) in report.Operators)
            {
                json.WriteNumber(name, count);
            }

            json.WriteEndObject();
            json.WriteStartObject("metadata");
            foreach ((string key, string value) in report.Metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("targets");
            foreach (TargetVerdict verdict in report.Targets)
            {
                json.WriteStartObject();
                json.WriteString("target", verdict.Target.Name);
                json.WriteBoolean("takes", verdict.Runs);
                Strings("obstacles", verdict.Obstacles);
                Strings("on_cpu", verdict.Elsewhere);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rules_broken");
            foreach (RuleFinding finding in report.Findings)
            {
                json.WriteStartObject();
                json.WriteString("rule", finding.Rule.Name);
                json.WriteString("why", finding.Rule.Why);
                Strings("places", finding.Places);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("notes");
            foreach (GraphAdvice advice in report.Advice)
            {
                json.WriteStartObject();
                json.WriteString("runtime", advice.Runtime);
                json.WriteString("text", advice.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();

            void Strings(string name, IReadOnlyList<string> values)
            {
                json.WriteStartArray(name);
                foreach (string value in values)
                {
                    json.WriteStringValue(value);
                }

                json.WriteEndArray();
            }
        },
        indented: true);
}
