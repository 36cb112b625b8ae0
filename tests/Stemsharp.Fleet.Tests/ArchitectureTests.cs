using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled fleet.</summary>
public sealed class ArchitectureTests
{
    [Fact]
    public void Rooms_of_the_fleet_follow_their_arrows_and_none_is_idle()
    {
        using ModuleDefinition fleet = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "Stemsharp.Fleet.dll"));
        Assert.Empty(RoomRules.Fleet.Violations(fleet));
        Assert.Empty(RoomRules.Fleet.IdleArrows(fleet));
    }
}
