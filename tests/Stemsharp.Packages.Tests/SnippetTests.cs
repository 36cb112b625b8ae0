using System.Diagnostics;
using System.Reflection;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Every C# example that is printed compiles with the usings that are printed with it.</summary>
public sealed class SnippetTests : IDisposable
{
    /// <summary>
    /// Pages whose examples are run here, beside that of api.md below. The others' are run, word for word, by tests with assertions of their own
    /// (<see cref="PrintedExamples"/>).
    /// </summary>
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
        string[] examples = [.. Snippets.Of(RepositoryFiles.At(page)).Select(example => StandIn(example, standIns))];
        foreach (Assembly program in Snippets.Compile(page, examples))
        {
            await Snippets.RunAsync(program);
        }

        // Whoever names a folder for stems has them there.
        bool writes = Snippets.Of(RepositoryFiles.At(page)).Any(example => example.Contains("\"stems\"", StringComparison.Ordinal));
        Assert.Equal(writes ? 6 : 0, Directory.GetFiles(_folder, "*.wav", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task The_clients_example_fetches_a_stem_from_a_server()
    {
        using Process server = SampleTests.Start(
            "dotnet", RepositoryFiles.At("src", "Stemsharp.Web", SampleTests.Built("Stemsharp.Web")), "--port", "0", "--data", Path.Combine(_folder, "data"), "--no-browser", "--offline");
        try
        {
            string[] page = (await SampleTests.LineAsync(server, "Stemsharp is at ")).Split("#token=");
            string example = Assert.Single(Snippets.Of(RepositoryFiles.At("docs", "api.md")));
            example = StandIn(example, [("\"http://127.0.0.1:7341\"", Literal(page[0])), ("File.OpenRead(\"song.flac\")", $"File.OpenRead({Literal(RepositoryFiles.Sample("song", "mix.wav"))})"), ("\"htdemucs\"", "\"demo\"")]);

            // What the reader does with the stem.
            string flac = Path.Combine(_folder, "vocals.flac");
            example += $"using (FileStream kept = File.Create({Literal(flac)}))\n{{\n    await vocals.CopyToAsync(kept);\n}}\n";
            await Snippets.RunAsync(Assert.Single(Snippets.Compile("docs/api.md", [example])), ("token", page[1]));
            using IAudioReader stem = AudioFiles.Open(flac);
            float[] block = new float[8192];
            int length = 0;
            while (stem.Read(block) is > 0 and int frames)
            {
                length += frames;
            }

            Assert.Equal((44_100, 441_000), (stem.SampleRate, length));
        }
        finally
        {
            server.Kill();
        }
    }

    [Fact]
    public void An_example_that_lacks_a_using_is_found()
    {
        string[] examples = ["IReadOnlyList<float[]> left = [];\nSeparator? none = null;\n"];
        Assert.Contains("CS0246", Assert.Throws<InvalidOperationException>(() => Snippets.Compile("page", examples)).Message, StringComparison.Ordinal);
        Assert.Single(Snippets.Compile("page", ["using Stemsharp;\n", .. examples]));
    }

    private static string StandIn(string example, (string Printed, string StandIn)[] pairs) =>
        pairs.Aggregate(example, (text, pair) => text.Replace(pair.Printed, pair.StandIn, StringComparison.Ordinal));

    private static string Literal(string path) => $"@\"{path}\"";
}
