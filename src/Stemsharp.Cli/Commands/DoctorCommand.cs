using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;
using Stemsharp.Cli.Verification;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp doctor</c>: everything that separating and serving rest on, and what would work.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        Option<string?> library = new("--onnxruntime") { Description = "The onnxruntime library's file.", HelpName = "FILE" };
        Option<string?> own = new("--provider-library") { Description = "The library of a provider that is registered with onnxruntime: says what it needs and which devices it offers.", HelpName = "FILE" };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("doctor", "Check everything that separating and serving need: engine, GPU, FFmpeg, models, disk, page, onnxruntime.") { library, own, json };
        command.SetAction((line, cancellationToken) =>
        {
            List<Finding> findings = [];
            TextWriter output = line.InvocationConfiguration.Output;
            bool asJson = line.GetValue(json);
            foreach (Finding finding in Examination.Of(ServeCommand.WhyAbsent, cancellationToken).Concat(OnnxRuntimeExamination.Of(line.GetValue(library), line.GetValue(own))))
            {
                findings.Add(finding);
                if (!asJson)
                {
                    output.WriteLine($"{Mark(finding.State)} {finding.Subject}: {finding.Text}");
                }
            }

            int exitCode = findings.Any(f => f.State == FindingState.Fault) ? ExitCode.CheckFailed : ExitCode.Success;
            output.WriteLine(asJson ? Json(findings, exitCode) : exitCode == ExitCode.Success ? "Separating and serving work." : "What is marked ✗ keeps separating or serving from working.");
            return Task.FromResult(exitCode);
        });
        return command;
    }

    private static string Mark(FindingState state) => state switch
    {
        FindingState.Good => "✓",
        FindingState.Fault => "✗",
        _ => "–",
    };

    private static string Json(IReadOnlyList<Finding> findings, int exitCode) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteStartArray("findings");
            foreach (Finding finding in findings)
            {
                json.WriteStartObject();
                json.WriteString("subject", finding.Subject);
                json.WriteString("state", finding.State.ToString().ToLowerInvariant());
                json.WriteString("text", finding.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("exit_code", exitCode);
        },
        indented: true);
}
