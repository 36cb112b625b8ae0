using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Export.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled exporters.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Only_the_rooms_that_the_exporters_may_know_are_named()
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "Stemsharp.Export.dll"));
        Assert.Empty(RoomRules.Exporters.Violations(module));
        Assert.DoesNotContain(
            module.AssemblyReferences,
            reference => reference.Name.StartsWith("Stemsharp.", StringComparison.Ordinal));
    }
}
