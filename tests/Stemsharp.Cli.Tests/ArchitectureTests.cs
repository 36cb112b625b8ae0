using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled command, and over the table of backends that hosts share.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Rooms_of_the_command_follow_their_arrows()
    {
        using ModuleDefinition command = Read("Stemsharp.Cli.dll");
        Assert.Empty(RoomRules.Cli.Violations(command));
    }

    // Without any of its arrows the command breaks the rules: each is needed, and one that is missing is seen.
    [Fact]
    public void No_arrow_is_idle()
    {
        using ModuleDefinition command = Read("Stemsharp.Cli.dll");
        Assert.Empty(RoomRules.Cli.IdleArrows(command));
    }

    [Fact]
    public void Only_the_rooms_that_the_table_of_backends_may_know_are_named()
    {
        using ModuleDefinition backends = Read("Stemsharp.Backends.dll");
        Assert.Empty(RoomRules.Backends.Violations(backends));
    }

    private static ModuleDefinition Read(string file) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, file));
}
