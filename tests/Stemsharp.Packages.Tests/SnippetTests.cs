using System.Reflection;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Every C# example that is printed compiles with the usings that are printed with it.</summary>
public sealed class SnippetTests : IDisposable
{
    /// <summary>Pages whose examples are run here. The others' are run, word for word, by tests with assertions of their own.</summary>
    private static readonly string[] s_runHere = ["README.md", "docs/models.md", "src/Stemsharp/README.md", "src/Stemsharp.DemoModel/README.md", "src/Stemsharp.DependencyInjection/README.md"];

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>All pages with C#, but extending.md, which shows parts of files of this repository.</summary>
    public static TheoryData<string> Pages =>
    [
        .. new[] { RepositoryFiles.At("README.md") }
            .Concat(Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateDirectories(RepositoryFiles.At("src")).Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists))
            .Where(page => Snippets.Of(page).Count > 0)
            .Select(page => Path.GetRelativePath(RepositoryFiles.Root, page).Replace('\\', '/'))
            .Where(page => page != "docs/extending.md")
            .Order(),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Examples_compile_with_the_usings_of_their_page(string page) =>
        Assert.NotEmpty(Snippets.Compile(page, Snippets.Of(RepositoryFiles.At(page))));

    public static TheoryData<string> RunHere => [.. s_runHere];

    [Theory]
    [MemberData(nameof(RunHere))]
    public async Task Examples_run(string page)
    {
        string song = RepositoryFiles.Sample("song", "mix.wav");
        (string Printed, string StandIn)[] standIns =
        [
            ("\"htdemucs\"", Literal(RepositoryFiles.DemoModel)), ("\"htdemucs_ft\"", Literal(RepositoryFiles.DemoModel)),
            ("\"song.mp3\"", Literal(song)), ("\"song.wav\"", Literal(song)), ("\"stems\"", Literal(_folder)),
        ];
        string[] examples = [.. Snippets.Of(RepositoryFiles.At(page)).Select(example =>
            standIns.Aggregate(example, (text, pair) => text.Replace(pair.Printed, pair.StandIn, StringComparison.Ordinal)))];
        foreach (Assembly program in Snippets.Compile(page, examples))
        {
            await Snippets.RunAsync(program);
        }

        // Whoever names a folder for stems has them there.
        bool writes = Snippets.Of(RepositoryFiles.At(page)).Any(example => example.Contains("\"stems\"", StringComparison.Ordinal));
        Assert.Equal(writes ? 6 : 0, Directory.GetFiles(_folder, "*.wav", SearchOption.AllDirectories).Length);

        static string Literal(string path) => $"@\"{path}\"";
    }

    [Fact]
    public void An_example_that_lacks_a_using_is_found()
    {
        string[] examples = ["IReadOnlyList<float[]> left = [];\nSeparator? none = null;\n"];
        Assert.Contains("CS0246", Assert.Throws<InvalidOperationException>(() => Snippets.Compile("page", examples)).Message, StringComparison.Ordinal);
        Assert.Single(Snippets.Compile("page", ["using Stemsharp;\n", .. examples]));
    }
}
