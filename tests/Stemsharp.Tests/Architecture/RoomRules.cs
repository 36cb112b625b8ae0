using Mono.Cecil;

namespace Stemsharp.Tests.Architecture;

/// <summary>
/// Which rooms (folders, that is namespaces, of an assembly) may refer to which. A room not named in
/// <paramref name="Arrows"/> may not exist; the root namespace itself may refer to everything.
/// </summary>
/// <param name="Root">The namespace above the rooms, such as <c>Stemsharp</c>.</param>
/// <param name="Arrows">For each room, the other rooms that its types may name; <c>""</c> is the root.</param>
internal sealed record RoomRules(string Root, IReadOnlyDictionary<string, string[]> Arrows)
{
    /// <summary>The rooms of the library, src/Stemsharp.</summary>
    public static RoomRules Library { get; } = new("Stemsharp", new Dictionary<string, string[]>
    {
        ["Audio"] = ["Simd"],
        ["Simd"] = [],
        ["Signal"] = ["Simd"],
        ["Kernels"] = ["Simd"],
        ["Graph"] = [],
        ["Checkpoints"] = ["Simd"],
        ["Inference"] = [],
        ["Model"] = ["Graph", "Checkpoints"],
        ["Cpu"] = ["Graph", "Kernels", "Inference", "Simd"],
        ["Separation"] = ["Audio", "Signal", "Inference", "Simd"],
        ["Evaluation"] = ["Audio"],
    });

    /// <summary>The exporters, src/Stemsharp.Export, seen as one more room beside the library's.</summary>
    public static RoomRules Exporters { get; } = Library.With("Export", "Graph", "Model", "Checkpoints", "Inference", "Evaluation", "");

    /// <summary>The binding to onnxruntime, src/Stemsharp.OnnxRuntime, seen the same way.</summary>
    public static RoomRules OnnxRuntime { get; } = Library.With("OnnxRuntime", "Inference", "");

    private RoomRules With(string room, params string[] reachable) =>
        this with { Arrows = new Dictionary<string, string[]>(Arrows) { [room] = reachable } };

    /// <summary>
    /// Every reference in the assembly that follows no arrow, as <c>Room.Type → Room.Type</c>, in order and
    /// without repeats. Exceptions in the root namespace may be used anywhere.
    /// </summary>
    /// <param name="module">The assembly to walk.</param>
    public IReadOnlyList<string> Violations(ModuleDefinition module)
    {
        SortedSet<string> found = new(StringComparer.Ordinal);
        foreach (TypeDefinition type in module.Types)
        {
            if (RoomOf(type) is not { } room)
            {
                continue;
            }

            if (room.Length == 0)
            {
                continue;
            }

            if (!Arrows.TryGetValue(room, out string[]? reachable))
            {
                found.Add($"{Short(type)} lies in {room}, which is no room of {Root}");
                continue;
            }

            foreach (TypeReference target in TypeReferences.Of(type))
            {
                if (RoomOf(target) is not { } targetRoom || targetRoom == room)
                {
                    continue;
                }

                if (!reachable.Contains(targetRoom) && !(targetRoom.Length == 0 && IsException(target)))
                {
                    found.Add($"{Short(type)} → {Short(target)}");
                }
            }
        }

        return [.. found];
    }

    /// <summary>The first part of the namespace below the root; empty for the root, null outside it.</summary>
    private string? RoomOf(TypeReference type)
    {
        string space = type.Namespace;
        if (space == Root)
        {
            return "";
        }

        return space.StartsWith(Root + ".", StringComparison.Ordinal) ? space[(Root.Length + 1)..].Split('.')[0] : null;
    }

    private static bool IsException(TypeReference type)
    {
        TypeReference? ancestor = type;
        while (ancestor is not null && ancestor.FullName != typeof(Exception).FullName)
        {
            ancestor = ancestor.Resolve()?.BaseType;
        }

        return ancestor is not null;
    }

    private string Short(TypeReference type) => type.FullName[(Root.Length + 1)..];
}
