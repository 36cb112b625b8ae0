using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Stemsharp.Tests.Architecture;

/// <summary>
/// Which methods have to be compiled fully at their first call (<c>AggressiveOptimization</c>): a host's runtime would otherwise run
/// their loops in code that is not optimised, and replace it while it runs, for the whole of the first song.
/// </summary>
internal static class CompilationRules
{
    // Where a song is computed: every loop.
    private static readonly string[] s_computing =
        ["Stemsharp.Cpu", "Stemsharp.Cpu.Steps", "Stemsharp.Kernels", "Stemsharp.Separation", "Stemsharp.Signal", "Stemsharp.Simd"];

    // The interpreter is slow by design, graphs are recorded once, and the planner's loops are over nodes.
    private static readonly string[] s_others = ["Stemsharp.Graph", "Stemsharp.Model"];
    private const string Planner = "Stemsharp.Cpu.Planning.PlanBuilder";

    /// <summary>Methods with a loop that the runtime may begin without optimisation.</summary>
    public static IEnumerable<string> Violations(ModuleDefinition module) =>
        from type in module.GetTypes()
        from method in type.Methods
        where method.HasBody && IsConcerned(type, method) && !IsCompiledFully(method)
        select method.FullName;

    /// <summary>Whether a method goes back in its own code.</summary>
    internal static bool HasLoop(MethodDefinition method) =>
        method.Body.Instructions.Any(i => i.Operand is Instruction target && target.Offset <= i.Offset);

    private static bool IsConcerned(TypeDefinition type, MethodDefinition method)
    {
        TypeDefinition outer = type;
        while (outer.DeclaringType is not null)
        {
            outer = outer.DeclaringType;
        }

        // What the compiler makes of iterators and async methods takes no attribute.
        if (type.Name.Contains(">d__", StringComparison.Ordinal) || !HasLoop(method) || In(outer, s_others) || outer.FullName.StartsWith(Planner, StringComparison.Ordinal))
        {
            return false;
        }

        bool computes = s_computing.Contains(outer.Namespace) || outer.Namespace.StartsWith("Stemsharp.Kernels.", StringComparison.Ordinal);
        return TouchesSamples(method) || (computes && !method.IsConstructor);
    }

    private static bool In(TypeDefinition type, string[] rooms) =>
        Array.Exists(rooms, room => type.Namespace == room || type.Namespace.StartsWith(room + ".", StringComparison.Ordinal));

    private static bool TouchesSamples(MethodDefinition method) =>
        method.Parameters.Select(p => p.ParameterType).Concat(method.Body.Variables.Select(v => v.VariableType)).Any(IsSamples);

    // A span, an array or a pointer of floating-point numbers.
    private static bool IsSamples(TypeReference type) => type switch
    {
        PointerType pointer => IsNumber(pointer.ElementType),
        ArrayType array => IsNumber(array.ElementType),
        GenericInstanceType { ElementType.Name: "Span`1" or "ReadOnlySpan`1" } span => IsNumber(span.GenericArguments[0]),
        _ => false,
    };

    private static bool IsNumber(TypeReference type) => type.MetadataType is MetadataType.Single or MetadataType.Double;

    // What is always part of its callers needs nothing of its own.
    private static bool IsCompiledFully(MethodDefinition method) =>
        (method.ImplAttributes & (MethodImplAttributes.AggressiveOptimization | MethodImplAttributes.AggressiveInlining)) != 0;
}
