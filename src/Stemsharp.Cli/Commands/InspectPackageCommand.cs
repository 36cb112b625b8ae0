using System.CommandLine;
using System.Globalization;
using System.Text;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.Onnx.Targets;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp inspect</c>: checks an exported file and says what is in it.</summary>
internal static class InspectPackageCommand
{
    internal static Command Create()
    {
        Argument<string> path = new("PACKAGE") { Description = "An .mlpackage folder or an .onnx file." };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("inspect", "Check a CoreML package, or an ONNX graph against the targets that may run it, and show what is in it.") { path, json };
        command.SetAction(line =>
        {
            string file = line.GetValue(path)!;
            if (file.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            {
                line.InvocationConfiguration.Output.WriteLine(OnnxReportText.Of(OnnxReport.Read(file), line.GetValue(json)));
                return ExitCode.Success;
            }

            CoreMLReport report = CoreMLReport.Read(file);
            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? Json(report) : Text(report));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Text(CoreMLReport report)
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"{report.Path}: sound. Specification {report.SpecificationVersion}, operation set {report.OperationSet}, {report.TotalBytes / 1e6:0.00} MB");
        foreach (string input in report.Inputs)
        {
            Line($"input   {input}");
        }

        foreach (string output in report.Outputs)
        {
            Line($"output  {output}");
        }

        Line($"{report.Operations.Sum(o => o.Float32 + o.Float16)} operations, {report.Constants} constants, rank {report.HighestRank} at most");
        Line($"  {"operation",-30} {"single",7} {"half",7}");
        foreach (CoreMLOperationCount count in report.Operations)
        {
            Line($"  {count.Operation,-30} {count.Float32,7} {count.Float16,7}");
        }

        Line($"multiply-adds: {report.MultiplyAddsFloat32 / 1e9:0.00} G single, {report.MultiplyAddsFloat16 / 1e9:0.00} G half ({report.HalfShare:P1})");
        foreach (CoreMLWeightSize size in report.Weights)
        {
            Line($"weights {size.Encoding}: {size.Tensors} tensors, {size.Elements:N0} elements, {size.Bytes / 1e6:0.00} MB");
        }

        foreach ((string key, string value) in report.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            Line($"{key} = {value}");
        }

        return text.ToString().TrimEnd();
    }

    private static string Json(CoreMLReport report) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WritePath("path", report.Path);
            json.WriteNumber("specification_version", report.SpecificationVersion);
            json.WriteString("operation_set", report.OperationSet);
            json.WriteNumber("bytes", report.TotalBytes);
            Strings("inputs", report.Inputs);
            Strings("outputs", report.Outputs);
            json.WriteNumber("constants", report.Constants);
            json.WriteNumber("highest_rank", report.HighestRank);
            json.WriteStartObject("operations");
            foreach (CoreMLOperationCount count in report.Operations)
            {
                json.WriteStartObject(count.Operation);
                json.WriteNumber("single", count.Float32);
                json.WriteNumber("half", count.Float16);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartObject("multiply_adds");
            json.WriteNumber("single", report.MultiplyAddsFloat32);
            json.WriteNumber("half", report.MultiplyAddsFloat16);
            json.WriteEndObject();
            json.WriteStartArray("weights");
            foreach (CoreMLWeightSize size in report.Weights)
            {
                json.WriteStartObject();
                json.WriteString("encoding", size.Encoding);
                json.WriteNumber("tensors", size.Tensors);
                json.WriteNumber("elements", size.Elements);
                json.WriteNumber("bytes", size.Bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("metadata");
            foreach ((string key, string value) in report.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();

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
