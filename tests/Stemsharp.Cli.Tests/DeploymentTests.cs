using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>The files of deploy/ are what their readers take, and call the command as it is.</summary>
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

    [Fact]
    public void The_workers_unit_for_systemd_gives_arguments_that_are_understood()
    {
        string unit = Read("systemd", "stemsharp-worker@.service");
        AssertUnderstood(Regex.Match(unit, @"ExecStart=\S+ (.*)").Groups[1].Value.Split(' '));
        Assert.Contains($"RestartPreventExitStatus={ExitCode.Usage}\n", unit, StringComparison.Ordinal);
        // Not in the unit, which everybody may read.
        Assert.DoesNotMatch("(?m)^[^#]*NATS_PASSWORD", unit);
    }

    [ToolTheory("systemd-analyze")]
    [InlineData("stemsharp.service")]
    [InlineData("stemsharp-worker@.service")]
    public async Task Systemd_has_nothing_against_its_units(string name)
    {
        using TemporaryFolder folder = new();
        // The program is not where it will be.
        string unit = folder.Make(name.Replace("@", "@1", StringComparison.Ordinal), Read("systemd", name).Replace("/opt/stemsharp/stemsharp", "/bin/true", StringComparison.Ordinal));
        Assert.Equal((0, ""), await VerifyAsync(unit));
        string wrong = folder.Make("wrong.service", File.ReadAllText(unit).Replace("Restart=", "Restrat=", StringComparison.Ordinal));
        Assert.Contains("Restrat", (await VerifyAsync(wrong)).Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("indexed-job.yaml")]
    [InlineData("workers.yaml")]
    public void Kubernetes_objects_have_the_fields_of_their_kind_and_fit_together(string name)
    {
        string text = Read("kubernetes", name);
        // Strict: a field that the kind has not is an error.
        object single = Assert.Single(KubernetesYaml.LoadAllFromString(text, strict: true));
        V1PodTemplateSpec template = single switch
        {
            V1Job job => job.Spec.Template,
            V1Deployment deployment => deployment.Spec.Template,
            _ => throw new InvalidOperationException($"{name} holds a {single.GetType().Name}"),
        };
        if (single is V1Deployment workers)
        {
            Assert.Equal(workers.Spec.Selector.MatchLabels, template.Metadata.Labels);
        }

        if (single is V1Job indexed)
        {
            Assert.Equal(("Indexed", "Never"), (indexed.Spec.CompletionMode, template.Spec.RestartPolicy));
            Assert.All(indexed.Spec.PodFailurePolicy.Rules.Where(r => r.OnExitCodes is not null), r => Assert.Equal(template.Spec.Containers[0].Name, r.OnExitCodes.ContainerName));
        }

        V1Container container = Assert.Single(template.Spec.Containers);
        Assert.Equal(template.Spec.Volumes.Select(v => v.Name).Order(), container.VolumeMounts.Select(m => m.Name).Order());
        foreach ((string resource, ResourceQuantity limit) in container.Resources.Limits)
        {
            Assert.True(container.Resources.Requests[resource].ToDecimal() <= limit.ToDecimal(), resource);
        }

        // An error that the reader would not see would be none.
        Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(text.Replace("containers:", "contianers:", StringComparison.Ordinal), strict: true));
    }

    [Fact]
    public void Every_file_is_told_of()
    {
        string folder = RepositoryFiles.At("deploy"), documents = string.Concat(Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md").Select(File.ReadAllText));
        Assert.All(
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')),
            file => Assert.Contains($"](../deploy/{file})", documents, StringComparison.Ordinal));
    }

    private static async Task<(int Code, string Said)> VerifyAsync(string unit)
    {
        using Process verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", unit]) { RedirectStandardError = true })!;
        string said = await verify.StandardError.ReadToEndAsync();
        await verify.WaitForExitAsync();
        return (verify.ExitCode, said);
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
