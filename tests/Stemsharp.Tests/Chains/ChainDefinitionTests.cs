using System.Text.Json;
using Stemsharp.Chains;
using Xunit;

namespace Stemsharp.Tests.Chains;

public sealed class ChainDefinitionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_definition_says_everything()
    {
        SeparationChain chain = SeparationChain.Parse("""
            {
              // Comments and trailing commas are welcome.
              "name": "my-chain",
              "description": "what it is for",
              "steps": [
                { "name": "voice", "ensemble": { "algorithm": "avg_fft", "weights": [1, 2], "models": ["a.ckpt", { "model": "b.ckpt", "overlap": 0.5 }] }, "stems": { "vocals": "wet" } },
                { "name": "band", "input": "mix - wet", "model": "htdemucs", "shifts": 2, "seed": 7, "segment": 5.5, "stems": ["drums", "other"] },
              ],
              "outputs": { "vocals": "wet", "drums": "drums", "rest": "mix - wet - drums", "sum": "drums + other" },
            }
            """);
        Assert.Equal(("my-chain", "what it is for"), (chain.Name, chain.Description));
        Assert.Equal(["a.ckpt", "b.ckpt", "htdemucs"], chain.Models);
        Assert.Equal(EnsembleAlgorithm.AverageSpectrum, chain.Steps[0].Ensemble!.Algorithm);
        Assert.Equal([1, 2], chain.Steps[0].Ensemble!.Weights!);
        Assert.Equal(new ChainModel("b.ckpt") { Overlap = 0.5 }, chain.Steps[0].Models[1]);
        Assert.Equal(new ChainModel("htdemucs") { Shifts = 2, Seed = 7, Segment = 5.5 }, chain.Steps[1].Models[0]);
        Assert.Equal("mix - wet", chain.Steps[1].Input.ToString());
        Assert.Equal(new ChainStem("vocals", "wet"), chain.Steps[0].Stems[0]);
        Assert.Equal(["vocals", "drums", "rest", "sum"], chain.Outputs.Select(o => o.Name));
        Assert.Equal("mix - wet - drums", chain.Outputs[2].Sum.ToString());
    }

    [Theory]
    [InlineData("[]", "must be an object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"steps":[],"outputs":["a"]}""", "'steps' of the chain has 0 entries")]
    [InlineData("""{"outputs":["a"]}""", "lacks 'steps'")]
    [InlineData("""{"steps":[STEP]}""", "lacks 'outputs'")]
    [InlineData("""{"steps":[STEP],"outputs":["a"],"speed":1}""", "unknown key 'speed'; valid are $schema, name, description, steps, outputs")]
    [InlineData("""{"steps":[STEP],"steps":[STEP],"outputs":["a"]}""", "has the key 'steps' twice")]
    [InlineData("""{"name":"a b","steps":[STEP],"outputs":["a"]}""", "its name 'a b' is not valid")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":["a"],"stem":1}],"outputs":["a"]}""", "step 1 has the unknown key 'stem'")]
    [InlineData("""{"steps":[{"model":"m","stems":["a"]}],"outputs":["a"]}""", "step 1 lacks 'name'")]
    [InlineData("""{"steps":[{"name":"s","stems":["a"]}],"outputs":["a"]}""", "step 's' needs either 'model' or 'ensemble'.")]
    [InlineData("""{"steps":[{"name":"s","model":"m","ensemble":{},"stems":["a"]}],"outputs":["a"]}""", "not both")]
    [InlineData("""{"steps":[{"name":"s","model":" ","stems":["a"]}],"outputs":["a"]}""", "'model' of step 's' is empty")]
    [InlineData("""{"steps":[{"name":"s","model":"m","overlap":1,"stems":["a"]}],"outputs":["a"]}""", "'overlap' of step 's' is 1; 0 to 0.99")]
    [InlineData("""{"steps":[{"name":"s","model":"m","shifts":1.5,"stems":["a"]}],"outputs":["a"]}""", "'shifts' of step 's' is 1.5; whole numbers from 0 to 100")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":[]}],"outputs":["a"]}""", "'stems' of step 's' is empty")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":["a","A"]}],"outputs":["a"]}""", "'stems' of step 's' has 'a' twice")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":{"a":"x","b":"x"}}],"outputs":["x"]}""", "'x' is produced twice, by step 's' and step 's'")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":["a"]},{"name":"t","model":"m","stems":["a"]}],"outputs":["a"]}""", "'a' is produced twice, by step 's' and step 't'")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":["a"]},{"name":"S","model":"m","stems":["b"]}],"outputs":["a"]}""", "two steps are called 'S'")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":{"a":"mix"}}],"outputs":["mix"]}""", "calls a stem 'mix'")]
    [InlineData("""{"steps":[STEP],"outputs":["b"]}""", "the output 'b' uses 'b', which no step produces; there are mix, a")]
    [InlineData("""{"steps":[STEP],"outputs":{"x/y":"a"}}""", "the output 'x/y' has a name that is not valid")]
    [InlineData("""{"steps":[STEP],"outputs":{"x":"mix minus a"}}""", "'mix minus a', which is no sound")]
    [InlineData("""{"steps":[STEP],"outputs":{"x":"- a"}}""", "no sound")]
    [InlineData("""{"steps":[{"name":"s","model":"m","stems":["a","b"]}],"outputs":["a"]}""", "'b' of step 's' is neither an output nor used")]
    [InlineData("""{"steps":[{"name":"s","input":"b","model":"m","stems":["a"]},{"name":"t","input":"a","model":"m","stems":["b"]}],"outputs":["a"]}""", "the steps 's' → 't' → 's' wait for each other")]
    [InlineData("""{"steps":[{"name":"s","input":"mix - a","model":"m","stems":["a"]}],"outputs":["a"]}""", "the steps 's' → 's' wait for each other")]
    [InlineData("""{"steps":[{"name":"s","input":"b","model":"m","stems":["a"]},{"name":"t","model":"m","stems":["b"]}],"outputs":["a"]}""", "put 't' before 's'")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"mean","models":["m","n"]},"stems":["a"]}],"outputs":["a"]}""", "the algorithm 'mean'; valid are avg_wave, median_wave")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"avg_wave","models":["m"]},"stems":["a"]}],"outputs":["a"]}""", "at least two")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"avg_wave","models":["m","n"],"weights":[1]},"stems":["a"]}],"outputs":["a"]}""", "1 weights for 2 models")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"min_fft","models":["m","n"],"weights":[1,2]},"stems":["a"]}],"outputs":["a"]}""", "mean nothing for min_fft")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"avg_wave","models":["m","n"],"weights":[0,0]},"stems":["a"]}],"outputs":["a"]}""", "all weights of step 's' are 0")]
    [InlineData("""{"steps":[{"name":"s","ensemble":{"algorithm":"avg_wave","models":["m","n"],"weights":[-1,2]},"stems":["a"]}],"outputs":["a"]}""", "a weight of step 's' is -1")]
    [InlineData("""{"steps":[{"name":"s","overlap":0.5,"ensemble":{"algorithm":"avg_wave","models":["m","n"]},"stems":["a"]}],"outputs":["a"]}""", "'overlap' of step 's' belongs to a model")]
    [InlineData("""{"name":"\ud800","steps":[STEP],"outputs":["a"]}""", "not Unicode")]
    public void What_is_wrong_is_refused_by_name(string json, string message)
    {
        json = json.Replace("STEP", """{"name":"s","model":"m","stems":["a"]}""", StringComparison.Ordinal);
        OptionException error = Assert.Throws<OptionException>(() => SeparationChain.Parse(json, "test"));
        Assert.StartsWith("The chain test is not valid: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_that_all_depend_on_all_before_are_judged_at_once()
    {
        string steps = string.Join(',', Enumerable.Range(0, 60).Select(i =>
            $$$"""{"name":"s{{{i}}}","model":"m","input":"{{{(i < 2 ? "mix" : $"a{i - 1} + a{i - 2}")}}}","stems":{"x":"a{{{i}}}"}}"""));
        Assert.Equal(60, SeparationChain.Parse($$"""{"steps":[{{steps}}],"outputs":["a59"]}""").Steps.Count);
    }

    [Fact]
    public void A_file_gives_its_name_and_the_models_beside_it()
    {
        string path = Path.Combine(_folder, "evening.json");
        File.WriteAllText(path, """{"steps":[{"name":"s","model":"own.ckpt","stems":["a"]},{"name":"t","model":"htdemucs","stems":["b"]}],"outputs":["a","b"]}""");
        File.WriteAllText(Path.Combine(_folder, "own.ckpt"), "");
        SeparationChain chain = SeparationChain.Find(path);
        Assert.Equal("evening", chain.Name);
        Assert.Equal([Path.Combine(_folder, "own.ckpt"), "htdemucs"], chain.Models);
        Assert.Contains("presets are band, ", Assert.Throws<OptionException>(() => SeparationChain.Find("no such")).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [0x7b, 0xff, 0x7d]);
        Assert.Contains("not UTF-8", Assert.Throws<OptionException>(() => SeparationChain.Load(path)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<OptionException>(() => SeparationChain.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Presets_are_valid_and_the_originals_are_among_them()
    {
        Assert.Equal(SeparationChain.Presets.Count, SeparationChain.Presets.Select(p => p.Name).Distinct().Count());
        foreach (string name in (string[])["band", "dry_vocals", "drum_kit", "instrumental_clean", "instrumental_full", "instrumental_balanced",
            "instrumental_low_resource", "vocal_balanced", "vocal_clean", "vocal_full", "vocal_rvc", "karaoke"])
        {
            SeparationChain preset = SeparationChain.Find(name);
            Assert.NotEmpty(preset.Description);
            Assert.Equal(preset.Steps, SeparationChain.Parse(preset.Json).Steps, (a, b) => a.Name == b.Name && a.Models.SequenceEqual(b.Models));
        }

        Assert.Equal(EnsembleAlgorithm.MinimumSpectrum, SeparationChain.Find("vocal_clean").Steps[0].Ensemble!.Algorithm);
        Assert.Equal(3, SeparationChain.Find("karaoke").Models.Count);
    }

    [Fact]
    public void Models_of_presets_are_known_by_their_public_names()
    {
        ModelCatalog catalog = new(new ModelCatalogOptions { Offline = true });
        string[] unknown = [.. SeparationChain.Presets.SelectMany(preset => preset.Models).Distinct().Where(model => catalog.Find(model) is null)];

        // Taken where UVR or audio-separator has put it, not fetched.
        Assert.Equal(["UVR-MDX-NET-Inst_HQ_5.onnx"], unknown);
    }

    [Theory]
    [InlineData("vocals", "vocals,other", "vocals")]
    [InlineData("vocals", "Vocals,Instrumental", "Vocals")]
    [InlineData("instrumental", "vocals,other", "other")]
    [InlineData("instrumental", "Vocals,Inst", "Inst")]
    [InlineData("instrumental", "vocals,karaoke", "karaoke")]
    [InlineData("other", "Vocals,Instrumental", "Instrumental")]
    [InlineData("vocals", "other,vocal", "vocal")]
    [InlineData("instrumental", "drums,bass,other,vocals", null)]
    [InlineData("other", "drums,bass,other,vocals", "other")]
    [InlineData("vocals", "lead vocals,backing vocals", null)]
    [InlineData("noreverb", "noreverb,reverb", "noreverb")]
    [InlineData("guitar", "vocals,other", null)]
    public void Stems_are_found_by_the_usual_words(string wanted, string stems, string? found) => Assert.Equal(found, StemNames.Find(wanted, stems.Split(',')));

    [Fact]
    public void The_schema_in_docs_knows_the_same_keys_and_algorithms()
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("docs", "chain.schema.json")));
        JsonElement root = schema.RootElement, parts = root.GetProperty("$defs");
        Assert.Equal(ChainReader.Keys["chain"], Names(root));
        foreach (string part in (string[])["step", "ensemble", "model"])
        {
            Assert.Equal(ChainReader.Keys[part], Names(parts.GetProperty(part)));
        }

        Assert.Equal(EnsembleAlgorithms.Names, parts.GetProperty("ensemble").GetProperty("properties").GetProperty("algorithm").GetProperty("enum").EnumerateArray().Select(e => e.GetString()!));

        static IEnumerable<string> Names(JsonElement part) => part.GetProperty("properties").EnumerateObject().Select(p => p.Name);
    }
}
