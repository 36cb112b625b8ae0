using System.Text.RegularExpressions;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>What every package says of itself.</summary>
public sealed partial class PackageTests
{
    public static TheoryData<string> Packages =>
        [.. Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.csproj", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)).Order()];

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_has_a_title_a_description_and_a_read_me_of_its_own(string project)
    {
        string text = File.ReadAllText(project);
        Assert.Matches("<Title>.+</Title>", text);
        Assert.Matches("<Description>.+</Description>", text);
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(project)!, "README.md"));
        string name = Regex.Match(text, "<PackageId>(.+)</PackageId>") is { Success: true } id ? id.Groups[1].Value : Path.GetFileNameWithoutExtension(project);
        Assert.StartsWith($"# {name}\n", readme.ReplaceLineEndings("\n"), StringComparison.Ordinal);

        // The file is shown far from the repository: links between its files lead nowhere there.
        Assert.All(Link().Matches(readme).Select(link => link.Groups[1].Value), target => Assert.StartsWith("https://", target, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
