using System.Text.RegularExpressions;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>The documents agree with the repository.</summary>
public partial class DocumentationTests
{
    [Fact]
    public void Every_link_between_files_leads_somewhere()
    {
        List<string> broken = [];
        foreach (string file in Documents())
        {
            foreach (Match link in Link().Matches(CodeBlock().Replace(File.ReadAllText(file), "")))
            {
                string target = link.Groups["target"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                string[] parts = target.Split('#', 2);
                string path = parts[0].Length == 0 ? file : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, Uri.UnescapeDataString(parts[0])));
                bool found = File.Exists(path) || Directory.Exists(path);
                if (found && parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal))
                {
                    found = Anchors(path).Contains(parts[1]);
                }

                if (!found)
                {
                    broken.Add($"{Path.GetRelativePath(RepositoryFiles.Root, file)} → {target}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void Every_decision_is_listed()
    {
        string folder = RepositoryFiles.At("docs", "decisions");
        string list = File.ReadAllText(Path.Combine(folder, "README.md"));
        Assert.All(
            Directory.EnumerateFiles(folder, "0*.md"),
            file => Assert.Contains($"({Path.GetFileName(file)})", list, StringComparison.Ordinal));
    }

    [Fact]
    public void The_rooms_of_the_architecture_page_are_those_of_the_test()
    {
        string page = File.ReadAllText(RepositoryFiles.At("docs", "architecture.md"));
        foreach ((string room, string[] reachable) in Architecture.RoomRules.Library.Arrows)
        {
            Match row = Regex.Match(page, $@"^\| {room} \|[^|]*\| ([^|]*) \|", RegexOptions.Multiline);
            Assert.True(row.Success, $"docs/architecture.md has no row for {room}");
            Assert.Equal(reachable.Length == 0 ? "–" : string.Join(", ", reachable), row.Groups[1].Value);
        }
    }

    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(RepositoryFiles.Root, "*.md")
            .Concat(new[] { "docs", "samples", "tests", "bench", "src" }.SelectMany(folder =>
                Directory.EnumerateFiles(RepositoryFiles.At(folder), "*.md", SearchOption.AllDirectories)))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "node_modules" or "bin" or "obj"));

    /// <summary>The anchors that GitHub gives a page's headings.</summary>
    private static HashSet<string> Anchors(string file) =>
        [.. Heading().Matches(File.ReadAllText(file)).Select(heading =>
            NotInAnchor().Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```[\s\S]*?^```|^    .*$|`[^`\n]*`", RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^#+ (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
