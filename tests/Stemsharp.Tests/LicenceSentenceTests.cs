using Xunit;

namespace Stemsharp.Tests;

/// <summary>Nobody is told that the official models are under the MIT licence.</summary>
public class LicenceSentenceTests
{
    /// <summary>
    /// Every sentence that names weights and MIT together, read by a person: each says that the one does not cover the other, or
    /// speaks of what is this project's own.
    /// </summary>
    private static readonly (string File, string Sentence)[] Reviewed =
    [
        ("README.md", "The official models are not: asked about them, their author said that \"the model weights are not covered by the MIT license, and are provided only for scientific purposes\" ([facebookresearch/demucs#327](https://github.com/facebookresearch/demucs/issues/327), again in [#508](https://github.com/facebookresearch/demucs/issues/508))."),
        ("docs/models.md", "| htdemucs, htdemucs_ft, htdemucs_6s, hdemucs_mmi, mdx, mdx_extra, repro_mdx_a… | not covered by MIT; scientific use only | Alexandre Défossez, author of the models, in [facebookresearch/demucs#327](https://github.com/facebookresearch/demucs/issues/327) (\"The model weights are not covered by the MIT license, and are provided only for scientific purposes.\") and [#508](https://github.com/facebookresearch/demucs/issues/508) (\"Weights are provided for research purpose!\") |"),
        ("docs/models.md", "| synthetic:… | MIT, as this project: the [recipe](#synthetic-weights) is its own | the Stemsharp authors, who made it |"),
        ("src/Stemsharp/Checkpoints/Catalog/OfficialModels.cs", "The MIT licence of the original's code does not cover their weights."),
    ];

    private static readonly string[] Kinds = [".md", ".cs", ".ts", ".html", ".css", ".json", ".proto", ".csproj", ".props", ".targets"];

    [Fact]
    public void No_sentence_with_weights_and_MIT_stands_outside_the_reviewed_list()
    {
        (string, string)[] found = [.. Files().SelectMany(file => SentenceScanner.Find(File.ReadAllText(file)).Select(sentence => (Short(file), sentence)))];
        Assert.True(found.Order().SequenceEqual(Reviewed.Order()), string.Join('\n',
        [
            "Read these, and change them or add them to the list:", .. found.Except(Reviewed).Select(f => $"{f}"),
            "These are gone or stand there more than once:", .. Reviewed.Where(r => found.Count(f => f == r) != 1).Select(r => $"{r}"),
        ]));
    }

    [Fact]
    public void What_is_read_are_documents_and_sources()
    {
        string[] files = [.. Files().Select(Short)];
        foreach (string file in (string[])
        [
            "README.md", "docs/models.md", "samples/README.md", "tests/golden/README.md", "src/Stemsharp/Checkpoints/Catalog/OfficialModels.cs",
            "src/Stemsharp.Export/CoreML/CoreMLExporter.cs", "src/Stemsharp.Web/client/src/ui/add-view.ts",
        ])
        {
            Assert.Contains(file, files);
        }

        Assert.DoesNotContain(files, file => file.Contains("node_modules", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal));
    }

    [Theory]
    // What the project once said.
    [InlineData("MIT licence. The official weights are Meta's, MIT-licensed too.")]
    [InlineData("The weights of the official models are Meta's, under the MIT licence.")]
    [InlineData("/// <summary>The models that Meta published for Hybrid Transformer Demucs (weights under the MIT licence).</summary>")]
    [InlineData("""        checkpoint.Signature is "955717e8" or "04573f0d" ? "MIT (weights by Meta Platforms, Inc.)" : null;""")]
    // And might say.
    [InlineData("Weights: MIT.")]
    [InlineData("It is free. The weights,\n  as everything else, are under the\n  MIT licence. Enjoy.")]
    [InlineData("/// <param name=\"A\">The weights, which are\n    /// under the MIT licence.</param>")]
    [InlineData("// The weights of Meta\n// (MIT)")]
    [InlineData("/**\n * Downloads weights,\n * which are MIT.\n */")]
    [InlineData("| model | weights |\n|---|---|\n| htdemucs | its weights are MIT |")]
    [InlineData("- a list\n- whose weights\n  are MIT\n")]
    [InlineData("string text = \"weights \" +\n    \"under MIT\";")]
    [InlineData("licences (e.g. MIT, Apache) of weights")]
    public void A_planted_sentence_is_found(string text) => Assert.Single(SentenceScanner.Find($"Before.\n\n{text}\n\nAfter the weights."));

    [Theory]
    [InlineData("The weights are Meta's. Stemsharp is under the MIT licence.")]
    [InlineData("The weights are large.\n\nMIT licence.")]
    [InlineData("| weights | large |\n| code | MIT |")]
    [InlineData("- weights\n- MIT")]
    [InlineData("// The weights are large.\nconst string Licence = \"MIT\";")]
    [InlineData("int weights = 1;\nstring licence = \"MIT\";")]
    [InlineData("The weights are submitted to a limit.")]
    public void Words_apart_are_left_alone(string text) => Assert.Empty(SentenceScanner.Find(text));

    private static string Short(string file) => Path.GetRelativePath(RepositoryFiles.Root, file).Replace('\\', '/');

    private static IEnumerable<string> Files()
    {
        string[] skipped = ["node_modules", "bin", "obj", "dist", "TestResults"];
        return Directory.EnumerateFiles(RepositoryFiles.Root)
            .Concat(new[] { "src", "docs", "samples", "bench", "tests" }.SelectMany(folder => Directory.EnumerateFiles(RepositoryFiles.At(folder), "*", SearchOption.AllDirectories)))
            .Where(file => Kinds.Contains(Path.GetExtension(file)) && !Short(file).Split('/').Any(skipped.Contains))
            .Where(file => Path.GetFileName(file) is not ("packages.lock.json" or "package-lock.json" or "SentenceScanner.cs" or "LicenceSentenceTests.cs"));
    }
}
