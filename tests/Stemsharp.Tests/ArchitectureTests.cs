using System.Text.Json;
using Mono.Cecil;
using Stemsharp.Tests.Architecture;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Holds the arrows of docs/architecture.md over the compiled library.</summary>
public class ArchitectureTests
{
    [Fact]
    public void Rooms_of_the_library_follow_their_arrows()
    {
        using ModuleDefinition library = ModuleDefinition.ReadModule(typeof(StemsharpException).Assembly.Location);
        Assert.Empty(RoomRules.Library.Violations(library));
    }

    [Fact]
    public void Loops_over_samples_are_compiled_fully_at_their_first_call()
    {
        using ModuleDefinition library = ModuleDefinition.ReadModule(typeof(StemsharpException).Assembly.Location);
        Assert.Empty(CompilationRules.Violations(library));
    }

    [Fact]
    public void A_loop_that_is_not_compiled_fully_is_noticed()
    {
        using ModuleDefinition library = ModuleDefinition.ReadModule(typeof(StemsharpException).Assembly.Location);
        MethodDefinition loop = library.GetTypes().Where(type => type.Namespace.StartsWith("Stemsharp.Kernels", StringComparison.Ordinal))
            .SelectMany(type => type.Methods).First(method => method.HasBody && CompilationRules.HasLoop(method) && !method.IsConstructor);
        loop.ImplAttributes &= ~(MethodImplAttributes.AggressiveOptimization | MethodImplAttributes.AggressiveInlining);
        Assert.Equal([loop.FullName], CompilationRules.Violations(library));
    }

    [Fact]
    public void Only_the_models_room_speaks_of_a_family()
    {
        string sources = RepositoryFiles.At("src"), models = RepositoryFiles.At("src", "Stemsharp", "Model");
        string[] families = [.. Directory.EnumerateDirectories(models).Select(folder => Path.GetFileName(folder)!)];
        Assert.Contains("HTDemucs", families);
        Assert.Empty(
            Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetExtension(file) is ".cs" or ".csproj" or ".props"
                    && !file.StartsWith(models + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                    && !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "node_modules"))
                .SelectMany(file => families.Where(File.ReadAllText(file).Contains).Select(family => $"{Path.GetRelativePath(sources, file)} says {family}")));
    }

    [Fact]
    public void Arrows_lead_to_rooms_and_never_round_in_circles()
    {
        foreach ((string project, RoomRules rules) in RoomRules.OfProjects)
        {
            // What the rest of a project stands on is the library's root, which composes its rooms.
            Dictionary<string, string[]> arrows = rules.Arrows.ToDictionary(room => room.Key, room => (string[])[.. room.Value.Where(target => target.Length > 0)]);
            HashSet<string> settled = [];
            while (settled.Count < arrows.Count)
            {
                string[] next = [.. arrows.Where(room => !settled.Contains(room.Key) && room.Value.All(settled.Contains)).Select(room => room.Key)];
                Assert.True(next.Length > 0, $"{project}: the arrows of {string.Join(", ", arrows.Keys.Except(settled))} go round in circles, or to no room.");
                settled.UnionWith(next);
            }
        }
    }

    [Fact]
    public void Every_project_has_its_rules()
    {
        string[] projects = [.. Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)).Order()];
        Assert.Equal(projects, RoomRules.OfProjects.Keys.Order());
    }

    // The analyzer that holds code and files together runs in the build.
    [Fact]
    public void Every_package_has_its_public_face_in_a_file()
    {
        foreach (string project in Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.csproj", SearchOption.AllDirectories))
        {
            bool packed = File.ReadAllText(project).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal);
            Assert.Equal(packed, File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "PublicAPI.Unshipped.txt")));
        }
    }

    [Fact]
    public void Friends_have_their_reason_beside_them()
    {
        foreach (string project in Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.csproj", SearchOption.AllDirectories))
        {
            string[] lines = File.ReadAllLines(project);
            Assert.Empty(lines.Where((line, i) => line.Contains("<InternalsVisibleTo", StringComparison.Ordinal) && !lines[i - 1].TrimStart().StartsWith("<!--", StringComparison.Ordinal) && !lines[i - 1].Contains("<InternalsVisibleTo", StringComparison.Ordinal)));
        }
    }

    // Tools of the build are in no package and no program.
    [Fact]
    public void The_notices_name_every_package_that_is_shipped()
    {
        string[] tools = ["Grpc.Tools", "Microsoft.NET.ILLink.Tasks", "Microsoft.CodeAnalysis.PublicApiAnalyzers"];
        string notices = File.ReadAllText(RepositoryFiles.At("THIRD-PARTY-NOTICES.txt"));
        foreach (string file in Directory.EnumerateFiles(RepositoryFiles.At("src"), "packages.lock.json", SearchOption.AllDirectories))
        {
            using JsonDocument locked = JsonDocument.Parse(File.ReadAllText(file));
            foreach (JsonProperty package in locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()))
            {
                if (package.Value.GetProperty("type").GetString() != "Project" && !tools.Contains(package.Name))
                {
                    Assert.Contains(package.Name, notices, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void Every_way_to_break_the_rules_is_seen()
    {
        RoomRules rules = new("Stemsharp.Tests.Architecture.Sample", new Dictionary<string, string[]>
        {
            ["Lower"] = [],
            ["Upper"] = ["Lower"],
            ["Side"] = [],
        })
        {
            Private = ["Upper"],
        };
        using ModuleDefinition tests = ModuleDefinition.ReadModule(typeof(ArchitectureTests).Assembly.Location);
        string[] expected =
        [
            "Attic.Forgotten lies in Attic, which is no room of Stemsharp.Tests.Architecture.Sample",
            "Composer → Upper.Folder.Hidden",
            "Side.ByAttribute → Lower.MarkAttribute",
            "Side.ByBase → Lower.Base",
            "Side.ByCall → Lower.Tools",
            "Side.ByCatch → Lower.LowerException",
            "Side.ByConstraint`1 → Lower.Base",
            "Side.ByField → Lower.Base",
            "Side.ByGenericCall → Lower.Base",
            "Side.ByInterface → Lower.IContract",
            "Side.ByLambda → Lower.Base",
            "Side.ByNested → Lower.Base",
            "Side.ByParameter → Lower.Base",
            "Side.ByProperty → Lower.Base",
            "Side.ByRoot → Composer",
            "Side.ByStaticField → Lower.Tools",
            "Side.ByTypeOf → Lower.Base",
            "Upper.Other.Neighbour → Upper.Folder.Hidden",
        ];
        Assert.Equal(expected, rules.Violations(tests));
    }
}
