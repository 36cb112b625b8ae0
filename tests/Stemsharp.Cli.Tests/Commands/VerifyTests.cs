using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

public sealed class VerifyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFileAFolderOfModelsAndASignatureHaveTheirChecksumsCompared()
    {
        File.Copy(RepositoryFiles.Golden("tiny4", ModelHost.FileName), _folder.Combine(ModelHost.FileName));
        foreach ((string[] arguments, string line) in new (string[], string)[]
        {
            (["verify", _folder.Combine(ModelHost.FileName)], $"passed  checksum of {ModelHost.FileName}: cf67fb40, as its name says"),
            (["verify", "tiny4", "--repo", _folder.Path], $"passed  checksum of {ModelHost.FileName}: cf67fb40, as its name says"),
            (["verify", "demo"], "passed  checksum of demo-26c5300c.th: as it should be"),
        })
        {
            CommandLineRun run = await CommandLineRun.OfAsync([.. arguments, "--offline"]);
            Assert.True(run.ExitCode == 0, run.Error + run.Output);
            Assert.Contains(line, run.Output.Split(Environment.NewLine));
            Assert.Contains("passed  engine against the original's stored result", run.Output, StringComparison.Ordinal);
            Assert.Contains("passed  engine against interpreter", run.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("synthetic:mdx23c-tiny")]
    [InlineData("synthetic:scnet-tiny")]
    public async Task ANetworkOfSomeLengthsOnlyIsComparedAtOneOfThem(string model)
    {
        CommandLineRun run = await CommandLineRun.OfAsync("verify", model, "--offline");
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains("passed  engine against interpreter", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANetworkWhoseGraphIsOfOneLengthIsComparedAtIt()
    {
        string model = RepositoryFiles.Golden("mdxnet", "mdxnet.onnx");
        CommandLineRun run = await CommandLineRun.OfAsync("verify", $"{model}#n_fft=4096,primary_stem=Vocals", "--offline");
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains("passed  engine against interpreter", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedFileIsNamed()
    {
        byte[] damaged = [.. ModelHost.Model];
        damaged[damaged.Length / 2] ^= 1;
        File.WriteAllBytes(_folder.Combine(ModelHost.FileName), damaged);
        CommandLineRun run = await CommandLineRun.OfAsync("verify", _folder.Combine(ModelHost.FileName));
        Assert.Equal(ExitCode.Model, run.ExitCode);
        Assert.Contains("its name says cf67fb40", run.Error, StringComparison.Ordinal);
    }
}
