using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>models verify</c> looks at files alone; who means the other command is led to it.</summary>
public class ModelVerificationTests
{
    [Fact]
    public async Task FilesOfAKnownModelAreCompared()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("models", "verify", "demo");
        Assert.Equal(ExitCode.Success, run.ExitCode);
        Assert.Equal("demo  demo-26c5300c.th  as it should be", run.Output.Trim());
    }

    [Theory]
    [InlineData("synthetic:scnet-small", "has no files whose checksums are known")]
    [InlineData("FILE", "is a file; 'models verify' knows models by name")]
    public async Task WhatHasNoChecksumsLeadsToTheEnginesCheck(string model, string expected)
    {
        string name = model == "FILE" ? RepositoryFiles.Sample("demo-26c5300c.th") : model;
        CommandLineRun run = await CommandLineRun.OfAsync("models", "verify", name);
        Assert.NotEqual(ExitCode.Success, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains($"'stemsharp verify {name}' runs the engine with it.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BothHelpsNameTheOther()
    {
        Assert.Contains("stemsharp models verify", (await CommandLineRun.OfAsync("verify", "--help")).Output, StringComparison.Ordinal);
        Assert.Contains("stemsharp verify MODEL", (await CommandLineRun.OfAsync("models", "verify", "--help")).Output, StringComparison.Ordinal);
    }
}
