using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled GPU engine, seen as one more room.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Only_the_rooms_that_the_engine_may_know_are_named()
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "Stemsharp.Vulkan.dll"));
        Assert.Empty(RoomRules.Vulkan.Violations(module));
        Assert.DoesNotContain(module.AssemblyReferences, reference => reference.Name.StartsWith("Stemsharp.", StringComparison.Ordinal));
    }
}
