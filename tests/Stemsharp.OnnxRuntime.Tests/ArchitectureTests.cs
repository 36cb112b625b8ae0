using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled binding to onnxruntime.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Only_the_rooms_that_the_binding_may_know_are_named()
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "Stemsharp.OnnxRuntime.dll"));
        Assert.Empty(RoomRules.OnnxRuntime.Violations(module));
        Assert.DoesNotContain(
            module.AssemblyReferences,
            reference => reference.Name.StartsWith("Stemsharp.", StringComparison.Ordinal));
    }
}
