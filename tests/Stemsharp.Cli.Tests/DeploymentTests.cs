using System.CommandLine;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>The files of deploy/ call the command as it is.</summary>
public sealed class DeploymentTests
{
    [Fact]
    public void The_job_for_Kubernetes_gives_arguments_that_are_understood()
    {
        string job = Read("kubernetes", "indexed-job.yaml");
        string[] arguments = ArgumentsOf(job);
        AssertUnderstood(arguments);
        // The number behind auto/ is that of the pods.
        Assert.Contains($"auto/{Regex.Match(job, @"completions: (\d+)").Groups[1].Value}", arguments);
        int[] final = [.. Regex.Match(job, @"values: \[(.*)\]").Groups[1].Value.Split(',').Select(int.Parse)];
        Assert.Equal([ExitCode.Usage, ExitCode.Audio, ExitCode.Model, ExitCode.ExternalTool, ExitCode.PartialFailure], final);
    }

    [Fact]
    public void The_workers_for_Kubernetes_give_arguments_that_are_understood()
    {
        string workers = Read("kubernetes", "workers.yaml");
        string[] arguments = ArgumentsOf(workers);
        Assert.Equal("work", arguments[0]);
        AssertUnderstood(arguments);
        // Credentials stand in no command line.
        Assert.Contains("name: NATS_PASSWORD", workers, StringComparison.Ordinal);
    }

    [Fact]
    public void The_script_for_Slurm_gives_arguments_that_are_understood()
    {
        string call = Regex.Match(Read("slurm", "separate.sbatch"), @"exec \S+ (separate (?:.*\\\n)*.*)").Groups[1].Value;
        string[] arguments = [.. call.Replace("\\\n", " ", StringComparison.Ordinal).Replace("${SHARES:-8}", "8", StringComparison.Ordinal)
            .Replace("${SLURM_CPUS_PER_TASK:-2}", "2", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(a => a != "$@")];
        Assert.Contains("auto/8", arguments);
        AssertUnderstood(arguments);
    }

    [Fact]
    public void The_unit_for_systemd_gives_arguments_that_are_understood()
    {
        string unit = Read("systemd", "stemsharp.service");
        AssertUnderstood(Regex.Match(unit, @"ExecStart=\S+ (.*)").Groups[1].Value.Split(' '));
        Assert.Contains($"RestartPreventExitStatus={ExitCode.Usage} {ExitCode.AddressInUse}", unit, StringComparison.Ordinal);
    }

    private static string[] ArgumentsOf(string manifest)
    {
        string[] lines = manifest.Split('\n');
        int first = Array.FindIndex(lines, l => l.TrimEnd().EndsWith("args:", StringComparison.Ordinal)) + 1;
        return [.. lines.Skip(first).TakeWhile(l => l.TrimStart().StartsWith("- ", StringComparison.Ordinal)).Select(l => l.Trim()[2..].Trim('"'))];
    }

    private static void AssertUnderstood(string[] arguments)
    {
        ParseResult result = Program.CreateRoot().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Assert.True(result.Errors.Count == 0, string.Join(' ', result.Errors.Select(e => e.Message)));
        Assert.True(result.Tokens.Count >= arguments.Length, string.Join(' ', arguments));
    }

    private static string Read(params string[] path) => File.ReadAllText(RepositoryFiles.At(["deploy", .. path]));
}
