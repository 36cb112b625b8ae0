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
        IReadOnlyDictionary<string, string[]> arrows = RoomRules.Library.Arrows;
        HashSet<string> settled = [];
        while (settled.Count < arrows.Count)
        {
            string[] next = [.. arrows.Where(room => !settled.Contains(room.Key) && room.Value.All(settled.Contains)).Select(room => room.Key)];
            Assert.NotEmpty(next);
            settled.UnionWith(next);
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
