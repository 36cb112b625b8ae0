using System.Diagnostics;
using System.Formats.Tar;
using System.Text.Json;
using Stemsharp.Chains;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>Chains of models on the command line: a definition beside its models, and the demo model.</summary>
public sealed class ChainTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ChainTests()
    {
        foreach (string extension in new[] { ".safetensors", ".yaml" })
        {
            File.Copy(RepositoryFiles.Golden("roformer", "mel1" + extension), _folder.Combine("voice" + extension));
        }

        _folder.Make("pair.json", """
            {
              "steps": [
                { "name": "voice", "model": "voice.safetensors", "stems": ["vocals"] },
                { "name": "band", "model": "demo", "input": "mix - vocals", "shifts": 2, "stems": ["drums", "bass"] }
              ],
              "outputs": { "vocals": "vocals", "drums": "drums", "bass": "bass", "rest": "mix - vocals - drums - bass" }
            }
            """);
    }

    public void Dispose() => _folder.Dispose();

    private string Chain => _folder.Combine("pair.json");

    private string Out => _folder.Combine("out");

    [Fact]
    public async Task AChainOfTwoModelsEqualsDoingItByHandAndResumesAfterAKill()
    {
        string clip = Clip.Song(_folder.Combine("clip.wav"), 10);
        string[] files = ["--float32", "--clip-mode", "none", "--threads", "1", "--engine", "cpu"];

        // By hand: the voice first, then the rest of it by the other model.
        string first = _folder.Combine("1"), second = _folder.Combine("2");
        Assert.Equal(0, (await CommandLineRun.OfAsync(["separate", clip, "-n", _folder.Combine("voice.safetensors"), "-o", first, .. files])).ExitCode);
        Assert.Equal(0, (await CommandLineRun.OfAsync(["separate", Path.Combine(first, "voice", "clip", "other.wav"), "-n", "demo", "-o", second, "--shifts", "2", .. files])).ExitCode);

        // Killed in the second step: the first one's result is there, and no stem.
        string[] command = ["separate", clip, "--chain", Chain, "-o", Out, .. files];
        using (Process process = ChildProcess.Start(command))
        {
            _ = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            Stopwatch patience = Stopwatch.StartNew();
            while (Kept().Length == 0 && !process.HasExited && patience.Elapsed < TimeSpan.FromMinutes(2))
            {
                await Task.Delay(1);
            }

            process.Kill();
            await process.WaitForExitAsync();
            Assert.NotEqual(0, process.ExitCode);
        }

        Assert.Single(Kept());
        Assert.Empty(Stems());

        (int code, _, string error) = await ChildProcess.RunAsync([.. command, "--progress", "json"]);
        Assert.Equal(0, code);
        JsonElement[] events = [.. error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Contains(events, e => e.GetProperty("event").GetString() == "note" && e.GetProperty("message").GetString() == "Step 'voice' was finished earlier; its result is used again.");

        // Two shifted runs of the second step's segments, and none of the first one's.
        JsonElement end = events.Single(e => e.GetProperty("event").GetString() == "track_end");
        Assert.Equal(12, end.GetProperty("engines").EnumerateArray().Sum(e => e.GetProperty("segments").GetInt64()));

        // The same bytes as by hand, and as undisturbed; and nothing else is left.
        Assert.Equal(File.ReadAllBytes(Path.Combine(first, "voice", "clip", "vocals.wav")), File.ReadAllBytes(Stem("vocals")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(second, "demo", "other", "drums.wav")), File.ReadAllBytes(Stem("drums")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(second, "demo", "other", "bass.wav")), File.ReadAllBytes(Stem("bass")));
        string whole = _folder.Combine("whole");
        Assert.Equal(0, (await CommandLineRun.OfAsync(["separate", clip, "--chain", Chain, "-o", whole, .. files])).ExitCode);
        foreach (string stem in Stems())
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, Path.GetRelativePath(Out, stem))), File.ReadAllBytes(stem));
        }

        Assert.Equal(4, Stems().Length);
        Assert.Empty(Kept());
        Assert.All(Directory.GetFileSystemEntries(Path.Combine(Out, "pair", ".stemsharp")), e => Assert.Contains(Path.GetExtension(e), (string[])[".json", ".lock"]));

        // A finished track is skipped; one of another definition is not.
        CommandLineRun again = await CommandLineRun.OfAsync([.. command, "--json", "--quiet"]);
        Assert.Equal("skipped", Track(again).GetProperty("status").GetString());
        File.WriteAllText(Chain, File.ReadAllText(Chain).Replace("\"shifts\": 2", "\"shifts\": 1", StringComparison.Ordinal));
        again = await CommandLineRun.OfAsync([.. command, "--json", "--quiet"]);
        Assert.Equal("done", Track(again).GetProperty("status").GetString());
    }

    [Fact]
    public async Task OptionsForFilesMeanWhatTheyMeanForAModel()
    {
        string clip = Clip.Song(_folder.Combine("clip.wav"), 1.5);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", clip, "--chain", Chain, "-o", Out, "--two-stems", "vocals", "--exact-sum", "--depth", "24", "--filename", "{model} {track} {stem}.{ext}", "--json", "--quiet");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        JsonElement result = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("pair", result.GetProperty("model").GetString());
        Assert.Equal([_folder.Combine("voice.safetensors"), "demo"], result.GetProperty("models").EnumerateArray().Select(m => m.GetString()!));
        int[] sum = [.. Clip.Floats(Path.Combine(Out, "pair clip vocals.wav")).Zip(Clip.Floats(Path.Combine(Out, "pair clip no_vocals.wav")), (a, b) => (int)Math.Round((a + (double)b) * 32768))];
        Assert.Equal(Clip.Integers(clip), sum);

        // Only one step is needed for these.
        run = await CommandLineRun.OfAsync("separate", clip, "--chain", Chain, "-o", Out, "--stems", "vocals", "--depth", "32f", "--json", "--quiet");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(["vocals.wav"], Directory.GetFiles(Path.Combine(Out, "pair", "clip")).Select(Path.GetFileName));

        // To a pipe, with nothing beside it.
        (int code, byte[] output, _) = await ChildProcess.RunAsync(["separate", clip, "--chain", Chain, "-o", "-", "--quiet"]);
        Assert.Equal(0, code);
        using TarReader tar = new(new MemoryStream(output));
        List<string> names = [];
        while (tar.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Equal(["vocals.wav", "drums.wav", "bass.wav", "rest.wav"], names);
    }

    [Fact]
    public async Task APlanCountsAllStepsAndWhatWaitsBetweenThem()
    {
        string clip = Clip.Song(_folder.Combine("clip.wav"), 3);
        CommandLineRun run = await CommandLineRun.OfAsync("plan", clip, "--chain", Chain, "--json", "-o", Out, "--clip-mode", "clamp");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        JsonElement plan = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(2, plan.GetProperty("models").GetArrayLength());

        // Four stems of 16 bits, and the voice's floats, which wait for the other step.
        long output = plan.GetProperty("tracks")[0].GetProperty("output_bytes").GetInt64();
        Assert.InRange(output, 4 * 3 * 44_100 * 4, 4 * 3 * 44_100 * 4 + 40_000);
        Assert.Equal(output + 3 * 44_100 * 8, plan.GetProperty("disk_bytes").GetInt64());
        Assert.True(plan.GetProperty("seconds").GetDouble() > 0);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task WhatDoesNotFitIsRefusedBeforeAnythingIsWritten()
    {
        string clip = Clip.Song(_folder.Combine("clip.wav"), 0.3);
        await RefusedAsync(ExitCode.Usage, "--model and --chain exclude each other", "--chain", Chain, "-n", "demo");
        await RefusedAsync(ExitCode.Usage, "There is no chain 'nothing'", "--chain", "nothing");
        await RefusedAsync(ExitCode.Usage, "There is no stem 'piano' in pair; it has vocals, drums, bass, rest", "--chain", Chain, "--stems", "piano");
        await RefusedAsync(ExitCode.Usage, "--two-stems piano: pair has the stems vocals, drums, bass, rest", "--chain", Chain, "--two-stems", "piano");
        await RefusedAsync(ExitCode.Model, "The chain band needs ", "--chain", "band", "--offline");
        File.WriteAllText(Chain, File.ReadAllText(Chain).Replace("\"drums\", \"bass\"", "\"drums\", \"choir\"", StringComparison.Ordinal).Replace("bass", "choir", StringComparison.Ordinal));
        await RefusedAsync(ExitCode.Usage, "takes the stem 'choir', but demo has drums", "--chain", Chain);
        File.WriteAllText(Chain, File.ReadAllText(Chain).Replace("steps", "stepz", StringComparison.Ordinal));
        await RefusedAsync(ExitCode.Usage, "unknown key 'stepz'", "--chain", Chain);
        Assert.False(Directory.Exists(Out));

        async Task RefusedAsync(int code, string message, params string[] arguments)
        {
            CommandLineRun run = await CommandLineRun.OfAsync(["separate", clip, "-o", Out, .. arguments]);
            Assert.Contains(message, run.Error, StringComparison.Ordinal);
            Assert.Equal(code, run.ExitCode);
        }
    }

    [Fact]
    public async Task PresetsAreListedWithWhatTheyNeed()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("models", "chains");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (SeparationChain preset in SeparationChain.Presets)
        {
            Assert.Contains(preset.Description, run.Output, StringComparison.Ordinal);
            Assert.All(preset.Models, model => Assert.Contains($"needs {model} (", run.Output, StringComparison.Ordinal));
        }

        JsonElement list = JsonDocument.Parse((await CommandLineRun.OfAsync("models", "chains", "--json")).Output).RootElement.GetProperty("chains");
        Assert.Equal(SeparationChain.Presets.Select(p => p.Name), list.EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        run = await CommandLineRun.OfAsync("models", "chains", "vocal_balanced");
        Assert.Equal("vocal_balanced", SeparationChain.Parse(run.Output).Name);
        Assert.Equal(ExitCode.Usage, (await CommandLineRun.OfAsync("models", "chains", "nothing")).ExitCode);
    }

    private string[] Kept() => Directory.Exists(Out) ? Directory.GetFiles(Out, "*.stemsharp-step", SearchOption.AllDirectories) : [];

    private string[] Stems() => Directory.Exists(Path.Combine(Out, "pair", "clip")) ? Directory.GetFiles(Path.Combine(Out, "pair", "clip")) : [];

    private string Stem(string stem) => Path.Combine(Out, "pair", "clip", stem + ".wav");

    private static JsonElement Track(CommandLineRun run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("tracks")[0];
}
