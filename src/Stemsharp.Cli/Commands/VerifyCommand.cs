using System.CommandLine;
using Stemsharp.Backends;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Cli.Verification;
using Stemsharp.Inference;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp verify</c>: are the model and the engine on this machine as they should be?</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Option<string?> zeroDc = ModelOptions.ZeroDc();
        Option<int> threads = new("--threads") { Description = "Threads to compute with; 0: one per processor." };
        EngineOptions options = new();
        Option<bool> json = ModelsCommand.Json();
        Command command = new(
            "verify", "Check the engine on this machine with a model: checksums, stored results, the slow exact interpreter. 'stemsharp models verify' looks at files alone.")
        {
            model, repository, offline, zeroDc, threads, json,
        };
        foreach (Option option in options.OfOneEngine)
        {
            command.Add(option);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            TextWriter output = line.InvocationConfiguration.Output;
            bool asJson = line.GetValue(json);
            string name = line.GetValue(model)!;
            int asked = Values.Within("--threads", line.GetValue(threads), 0, 1024);
            int count = asked == 0 ? Environment.ProcessorCount : asked;
            EngineChoice choice = options.Read(line);
            bool? chosen = ModelOptions.ReadZeroDc(line, zeroDc);
            ModelCatalog catalog = Catalogs.Create(line.GetValue(offline));
            ModelSource source = await catalog.ResolveAsync(
                name, line.GetValue(repository), progress: new DownloadView(line.InvocationConfiguration.Error, quiet: false, progress: !asJson),
                cancellationToken: cancellationToken).ConfigureAwait(false);
            source = chosen is { } zero ? source.WithZeroDc(zero) : source;

            EngineSettings settings = choice.Settings(count);
            Backend backend = choice.For(source.Members[0].Network, settings);
            string engine = backend.Describe(settings);
            if (!asJson)
            {
                output.WriteLine($"engine  {engine}");
            }

            List<Check> checks = [];
            void Add(Check check)
            {
                checks.Add(check);
                if (!asJson)
                {
                    output.WriteLine($"{(check.Passed ? "passed" : "FAILED")}  {check.Name}: {check.Detail}");
                }
            }

            foreach (Check check in ModelChecks.Files(catalog, name, source, inCatalog: line.GetValue(repository) is null))
            {
                Add(check);
            }

            Add(ModelChecks.Golden(backend, settings, cancellationToken));
            foreach (ModelMember member in source.Members)
            {
                Add(ModelChecks.Interpreter(member.Network, backend, settings, cancellationToken));
            }

            int exitCode = checks.All(c => c.Passed) ? ExitCode.Success : ExitCode.CheckFailed;
            if (asJson)
            {
                output.WriteLine(Json(source.Name, engine, checks, exitCode));
            }

            return exitCode;
        });
        return command;
    }

    private static string Json(string model, string engine, IReadOnlyList<Check> checks, int exitCode) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("model", model);
            json.WriteString("engine", engine);
            json.WriteStartArray("checks");
            foreach (Check check in checks)
            {
                json.WriteStartObject();
                json.WriteString("name", check.Name);
                json.WriteBoolean("passed", check.Passed);
                json.WriteString("detail", check.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("exit_code", exitCode);
        },
        indented: true);
}
