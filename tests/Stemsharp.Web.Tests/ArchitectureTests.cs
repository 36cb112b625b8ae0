using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled server and its client.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Rooms_of_the_server_follow_their_arrows()
    {
        using ModuleDefinition server = Read("Stemsharp.Web.dll");
        Assert.Empty(RoomRules.Web.Violations(server));
    }

    // Without any of its arrows the server breaks the rules: each is needed, and one that is missing is seen.
    [Fact]
    public void No_arrow_is_idle()
    {
        using ModuleDefinition server = Read("Stemsharp.Web.dll");
        Assert.Empty(RoomRules.Web.IdleArrows(server));
    }

    [Fact]
    public void One_room_of_the_server_knows_the_fleet()
    {
        using ModuleDefinition server = Read("Stemsharp.Web.dll");
        IEnumerable<TypeDefinition> knowing = server.Types.Where(type => TypeReferences.Of(type).Any(named => named.Scope?.Name == "Stemsharp.Fleet"));
        Assert.Equal(["Stemsharp.Web.Dispatch"], knowing.Select(type => type.Namespace).Distinct());
    }

    [Fact]
    public void The_client_knows_nothing_but_HTTP()
    {
        using ModuleDefinition client = Read("Stemsharp.Client.dll");
        Assert.Empty(RoomRules.Client.Violations(client));
        Assert.DoesNotContain(client.AssemblyReferences, reference => !reference.Name.StartsWith("System.", StringComparison.Ordinal));
    }

    private static ModuleDefinition Read(string file) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, file));
}
