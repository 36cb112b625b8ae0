using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

public sealed class DesktopStartTests
{
    [Fact]
    public void WhatWasGivenIsKept() => Assert.Equal(["models", "list"], DesktopStart.Arguments(["models", "list"]));

    [Theory]
    [InlineData(true, true, "DISPLAY", true)]
    [InlineData(true, true, "WAYLAND_DISPLAY", true)]
    [InlineData(true, true, "", false)]
    [InlineData(false, true, "DISPLAY", false)]
    [InlineData(true, false, "", true)]
    [InlineData(false, false, "", false)]
    public void OnlyAClickIsAClick(bool isDetached, bool isLinux, string set, bool expected) =>
        Assert.Equal(expected, DesktopStart.IsClick(isDetached, isLinux, name => name == set ? ":0" : null));

    [Fact]
    public void OpenIsServe() => Assert.Equal("serve", Program.CreateRoot().Parse(["open", "--no-browser"]).CommandResult.Command.Name);
}
