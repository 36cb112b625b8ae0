using Mono.Cecil;

namespace Stemsharp.Tests.Architecture;

/// <summary>
/// Which rooms (folders, that is namespaces, of an assembly) may refer to which. A room not named in
/// <paramref name="Arrows"/> may not exist; the root namespace itself may refer to everything but a room's private folders.
/// </summary>
/// <param name="Root">The namespace above the rooms, such as <c>Stemsharp</c>.</param>
/// <param name="Arrows">For each room, the other rooms that its types may name; <c>""</c> is the root.</param>
internal sealed record RoomRules(string Root, IReadOnlyDictionary<string, string[]> Arrows)
{
    /// <summary>Rooms whose folders are known to the room's own files alone: not to each other, and to nobody outside.</summary>
    public IReadOnlyCollection<string> Private { get; init; } = [];

    /// <summary>The rooms of the library, src/Stemsharp.</summary>
    public static RoomRules Library { get; } = new("Stemsharp", new Dictionary<string, string[]>
    {
        ["Audio"] = ["Simd"],
        ["Simd"] = [],
        ["Signal"] = ["Simd"],
        ["MachineCode"] = [],
        ["Kernels"] = ["MachineCode", "Simd"],
        ["Graph"] = [],
        ["Checkpoints"] = ["Simd"],
        ["Inference"] = ["Graph", "Signal", "Simd"],
        ["Model"] = ["Checkpoints", "Graph", "Inference", "Signal"],
        ["Cpu"] = ["Graph", "Inference", "Kernels", "MachineCode", "Simd"],
        ["Separation"] = ["Audio", "Inference", "Simd"],
        ["Files"] = ["Audio", "Inference", "Separation"],
        ["Chains"] = ["Audio", "Separation", "Signal", "Simd"],
        ["Evaluation"] = ["Audio", "Signal"],
        ["Music"] = ["Audio", "Signal"],
    })
    {
        Private = ["Model"],
    };

    /// <summary>The exporters, src/Stemsharp.Export, seen as one more room beside the library's.</summary>
    public static RoomRules Exporters { get; } = Library.With("Export", "Evaluation", "Graph", "Inference", "Signal", "");

    /// <summary>The binding to onnxruntime, src/Stemsharp.OnnxRuntime, seen the same way.</summary>
    public static RoomRules OnnxRuntime { get; } = Library.With("OnnxRuntime", "Export", "Graph", "Inference", "").With("Export");

    /// <summary>The GPU engine, src/Stemsharp.Vulkan, seen the same way.</summary>
    public static RoomRules Vulkan { get; } = Library.With("Vulkan", "Cpu", "Graph", "Inference", "Signal", "Simd");

    /// <summary>The table of backends, src/Stemsharp.Backends, seen the same way.</summary>
    public static RoomRules Backends { get; } = Library.With("Backends", "Cpu", "Export", "Inference", "OnnxRuntime", "Vulkan", "").With("Export").With("OnnxRuntime").With("Vulkan");

    /// <summary>The command, src/Stemsharp.Cli.</summary>
    public static RoomRules Cli { get; } = new("Stemsharp.Cli", new Dictionary<string, string[]>
    {
        ["Text"] = [],
        ["Hosting"] = ["Text"],
        ["Batches"] = ["Hosting"],
        ["Progress"] = ["Batches", "Hosting", "Text"],
        ["Separating"] = ["Batches", "Hosting", "Progress", "Text"],
        ["Planning"] = ["Batches", "Hosting", "Separating", "Text"],
        ["Benchmarks"] = ["Hosting", "Progress", "Text"],
        ["Comparison"] = ["Hosting", "Progress", "Text"],
        ["Evaluation"] = ["Batches"],
        ["Verification"] = ["Hosting", "Text"],
        ["Working"] = ["Batches", "Hosting", "Planning", "Progress", "Separating", "Text"],
        ["Commands"] = ["Batches", "Benchmarks", "Comparison", "Evaluation", "Hosting", "Planning", "Progress", "Separating", "Text", "Verification", "Working"],
    });

    /// <summary>The page's server, src/Stemsharp.Web.</summary>
    public static RoomRules Web { get; } = new("Stemsharp.Web", new Dictionary<string, string[]>
    {
        ["Text"] = [],
        ["Settings"] = [],
        ["Sound"] = [],
        ["Observability"] = [],
        ["Security"] = ["Settings", "Store", "Text"],
        ["Separation"] = ["Settings", "Text"],
        ["Store"] = ["Separation", "Settings", "Text"],
        ["Queue"] = ["Observability", "Separation", "Sound", "Store", "Text"],
        ["Dispatch"] = ["Queue", "Separation", "Settings", "Sound", "Store", "Text"],
        ["Delivery"] = ["Queue", "Separation", "Store", "Text"],
        ["Api"] = ["Delivery", "Dispatch", "Observability", "Queue", "Security", "Separation", "Settings", "Sound", "Store", "Text"],
        ["Hosting"] = ["Api", "Delivery", "Dispatch", "Observability", "Queue", "Security", "Separation", "Settings", "Store"],
    });

    /// <summary>A fleet's jobs, src/Stemsharp.Fleet: the protocol knows no server, and no store.</summary>
    public static RoomRules Fleet { get; } = new("Stemsharp.Fleet", new Dictionary<string, string[]>
    {
        ["Storage"] = [],
        ["Protocol"] = ["Storage"],
        ["Nats"] = ["Protocol", "Storage"],
        ["S3"] = ["Storage"],
    });

    /// <summary>The client of the page's API, src/Stemsharp.Client: one room.</summary>
    public static RoomRules Client { get; } = new("Stemsharp.Client", new Dictionary<string, string[]>());

    /// <summary>Projects of one room that stand on the library's public face: the demo model, dependency injection, NAudio.</summary>
    public static RoomRules OneRoom { get; } = new("Stemsharp", new Dictionary<string, string[]> { ["Audio"] = [], ["Chains"] = [], ["Inference"] = [] });

    /// <summary>The rules of every project in src/, by its assembly's name.</summary>
    public static IReadOnlyDictionary<string, RoomRules> OfProjects { get; } = new Dictionary<string, RoomRules>
    {
        ["Stemsharp"] = Library,
        ["Stemsharp.Export"] = Exporters,
        ["Stemsharp.OnnxRuntime"] = OnnxRuntime,
        ["Stemsharp.Vulkan"] = Vulkan,
        ["Stemsharp.Backends"] = Backends,
        ["Stemsharp.Cli"] = Cli,
        ["Stemsharp.Web"] = Web,
        ["Stemsharp.Client"] = Client,
        ["Stemsharp.DemoModel"] = OneRoom,
        ["Stemsharp.DependencyInjection"] = OneRoom,
        ["Stemsharp.Fleet"] = Fleet,
        ["Stemsharp.NAudio"] = OneRoom,
    };

    /// <summary>Arrows that no reference in the assembly follows, as <c>Room → Room</c>.</summary>
    /// <param name="module">The assembly to walk.</param>
    public IReadOnlyList<string> IdleArrows(ModuleDefinition module) =>
    [
        .. from arrow in Arrows
           from target in arrow.Value
           let without = this with { Arrows = new Dictionary<string, string[]>(Arrows) { [arrow.Key] = [.. arrow.Value.Where(other => other != target)] } }
           where without.Violations(module).Count == 0
           select $"{arrow.Key} → {target}",
    ];

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

            string[]? reachable = null;
            if (room.Length > 0 && !Arrows.TryGetValue(room, out reachable))
            {
                found.Add($"{Short(type)} lies in {room}, which is no room of {Root}");
                continue;
            }

            foreach (TypeReference target in TypeReferences.Of(type))
            {
                if (RoomOf(target) is not { } targetRoom)
                {
                    continue;
                }

                bool allowed = targetRoom == room || reachable is null || reachable.Contains(targetRoom) || (targetRoom.Length == 0 && IsException(target));
                if (!allowed || !MaySeeFolder(type, target, targetRoom))
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

    // A type in a private folder is seen from that folder and from the files of the room above it.
    private bool MaySeeFolder(TypeReference type, TypeReference target, string targetRoom)
    {
        string above = $"{Root}.{targetRoom}";
        return !Private.Contains(targetRoom) || target.Namespace == above || type.Namespace == above || type.Namespace == target.Namespace;
    }

    // An exception, or the kind of failure that one tells.
    private static bool IsException(TypeReference type)
    {
        if (type.Name.EndsWith("Failure", StringComparison.Ordinal) && type.Resolve() is { IsEnum: true })
        {
            return true;
        }

        TypeReference? ancestor = type;
        while (ancestor is not null && ancestor.FullName != typeof(Exception).FullName)
        {
            ancestor = ancestor.Resolve()?.BaseType;
        }

        return ancestor is not null;
    }

    private string Short(TypeReference type) => type.FullName[(Root.Length + 1)..];
}
