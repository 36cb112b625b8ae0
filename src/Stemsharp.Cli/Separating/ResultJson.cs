using System.Text.Json;
using Stemsharp.Chains;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Separating;

/// <summary>The object that <c>separate --json</c> writes; docs/cli.md describes it.</summary>
internal static class ResultJson
{
    internal static string Of(
        SeparateRequest request, string model, IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) =>
        JsonText.Object(
            json =>
            {
                json.WriteNumber("version", 1);
                json.WriteString("model", model);
                json.WriteModels(request.Chain);
                json.WriteString("folder", Path.GetFullPath(request.Root(model)));
                json.WriteStartArray("tracks");
                foreach (TrackOutcome outcome in outcomes)
                {
                    json.WriteStartObject();
                    OutcomeJson.WriteFields(json, outcome);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteNumber("elapsed_seconds", Math.Round(elapsed.TotalSeconds, 3));
                json.WriteNumber("exit_code", exitCode);
            },
            indented: true);

    /// <summary>The models of a chain as the field <c>models</c>; nothing for a single one.</summary>
    internal static void WriteModels(this Utf8JsonWriter json, SeparationChain? chain)
    {
        if (chain is null)
        {
            return;
        }

        json.WriteStartArray("models");
        foreach (string model in chain.Models)
        {
            json.WriteStringValue(model);
        }

        json.WriteEndArray();
    }
}
