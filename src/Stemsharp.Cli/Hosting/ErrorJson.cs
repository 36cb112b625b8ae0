using System.Text.Json;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Hosting;

/// <summary>The object that <c>--json</c> writes where a command failed as a whole: the same of every command.</summary>
internal static class ErrorJson
{
    internal static string Of(int exitCode, string message) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            Write(json, exitCode, message);
            json.WriteNumber("exit_code", exitCode);
        },
        indented: true);

    /// <summary>The fields that name an error, of a run or of one track.</summary>
    internal static void Write(Utf8JsonWriter json, int code, string? message)
    {
        json.WriteString("error", ExitCode.Name(code));
        json.WriteString("message", message);
    }
}
