using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>Licences as the command tells them, asks about them, and lists them.</summary>
public sealed class ModelLicenceTests : IDisposable
{
    private const string Stated = "CC BY-NC 4.0, as stated by its trainer (https://models.test/licence)";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task ADownloadTellsNameSizeAndLicenceOnceAndGoesOn()
    {
        using ModelHost host = new(_folder.Path, "mine");
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["models", "download", "mine"], environment: host.Environment);
        Assert.Equal((0, host.Cached), (code, Encoding.UTF8.GetString(output).Trim()));
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"Downloading mine (1737 kB). Licence: {Stated}.", lines[0]);
        Assert.Single(lines, l => l.Contains("Licence", StringComparison.Ordinal));

        File.Delete(host.Cached);
        (code, _, error) = await ChildProcess.RunAsync(["models", "inspect", "mine", "--json"], environment: host.Environment);
        Assert.True(code == 0, error);
        Assert.Contains(Stated, error, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task WithoutATerminalALicenceThatMustBeAcceptedIsByItsOption()
    {
        using ModelHost host = new(_folder.Path, ModelHost.Demanding);
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        string[] download = ["models", "download", ModelHost.Demanding], separate = ["separate", clip, "-n", ModelHost.Demanding, "-o", _folder.Combine("out"), "--stems", "bass"];
        foreach (string[] command in (string[][])[download, separate, ["models", "inspect", ModelHost.Demanding], ["export", "onnx", ModelHost.Demanding, "-o", _folder.Combine("exports")]])
        {
            (int refused, byte[] nothing, string reason) = await ChildProcess.RunAsync(command, environment: host.Environment);
            Assert.Equal(ExitCode.Model, refused);
            Assert.Empty(nothing);
            string line = Assert.Single(reason.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains("--accept-licence", line, StringComparison.Ordinal);
            Assert.Contains(Stated, line, StringComparison.Ordinal);
        }

        Assert.Empty(host.Server.Requests);
        (int code, _, string error) = await ChildProcess.RunAsync([.. separate, "--accept-licence", "--progress", "json"], environment: host.Environment);
        Assert.True(code == 0, error);
        JsonElement[] events = [.. error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        JsonElement told = Assert.Single(events, e => e.GetProperty("event").GetString() == "download_begin"), licence = told.GetProperty("licence");
        Assert.Equal((ModelHost.Demanding, ModelHost.Model.Length), (told.GetProperty("model").GetString(), told.GetProperty("bytes").GetInt32()));
        Assert.Equal(("CC BY-NC 4.0", "its trainer", "https://models.test/licence"), Texts(licence));
        Assert.True(licence.GetProperty("must_be_accepted").GetBoolean());

        // What is here was accepted.
        (code, _, error) = await ChildProcess.RunAsync([.. separate, "--overwrite"], environment: host.Environment);
        Assert.True(code == 0, error);
        File.Delete(host.Cached);
        (code, _, error) = await ChildProcess.RunAsync([.. download, "--accept-licence", "--quiet"], environment: host.Environment);
        Assert.Equal((0, ""), (code, error));
    }

    [ToolFact("script")]
    public async Task OnATerminalALicenceThatMustBeAcceptedIsAskedAbout()
    {
        // Elsewhere the program has other options.
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using ModelHost host = new(_folder.Path, ModelHost.Demanding);
        string command = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}' models download {ModelHost.Demanding}";
        foreach ((string answer, bool accepted) in new[] { ("no", false), ("y", true) })
        {
            using Process process = Process.Start(
                new ProcessStartInfo("script", ["-qec", command, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true }.With(host.Environment))!;
            await process.StandardInput.WriteLineAsync(answer);
            await process.StandardInput.FlushAsync();
            string screen = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Contains($"The publisher of karaoke demands that its licence is accepted before the download: {Stated}.", screen, StringComparison.Ordinal);
            Assert.Contains("Accept it? [y/N]", screen, StringComparison.Ordinal);
            Assert.Equal(accepted ? 0 : ExitCode.Model, process.ExitCode);
            Assert.Equal(accepted, File.Exists(host.Cached));
        }
    }

    [Theory]
    [InlineData("y\n", true)]
    [InlineData(" Yes \n", true)]
    [InlineData("n\n", false)]
    [InlineData("\n", false)]
    [InlineData("", false)]
    public void OnlyAYesIsOne(string answer, bool accepted)
    {
        using StringReader input = new(answer);
        using StringWriter error = new();
        DownloadNotice notice = new("mine", ["mine.th"], null, new ModelLicence("CC0", "me", MustBeAccepted: true));
        Assert.Equal(accepted, LicenceQuestion.Ask(notice, input, error));
        Assert.Contains("mine", error.ToString(), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task TheListSaysWhatAModelIsAndUnderWhichLicence()
    {
        using ModelHost host = new(_folder.Path, "mine");
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["models", "list"], environment: host.Environment);
        Assert.Equal((0, ""), (code, error));
        string list = Encoding.UTF8.GetString(output);
        foreach (string part in (string[])
        [
            "licence: not covered by MIT; scientific use only, as stated by Alexandre Défossez, author of the models, in facebookresearch/demucs#327 and #508 (https://github.com/facebookresearch/demucs/issues/327)",
            "quality: median SDR on MUSDB18-HQ in dB: drums 10.01, bass 9.78, other 6.42, vocals 8.53",
            "licence: MIT, as stated by the Stemsharp authors, who made it", $"licence: {Stated}",
        ])
        {
            Assert.Contains(part, list, StringComparison.Ordinal);
        }

        foreach (string row in (string[])
        [
            @"^htdemucs +not here +84 MB  drums, bass, other, vocals  \(default\)$", "^htdemucs_ft +not here +337 MB  drums, bass, other, vocals$",
            "^htdemucs_6s +not here +55 MB  drums, bass, other, vocals, guitar, piano$", "^bs-roformer-viperx-1297 +not here +639 MB  Vocals, Instrumental$",
        ])
        {
            Assert.Matches(new Regex(row, RegexOptions.Multiline), list);
        }

        (code, output, _) = await ChildProcess.RunAsync(["models", "list", "Karaoke"], environment: host.Environment);
        list = Encoding.UTF8.GetString(output);
        Assert.Equal(0, code);
        Assert.DoesNotContain("htdemucs", list, StringComparison.Ordinal);
        foreach (string part in (string[])
        [
            "mel-band-roformer-karaoke-gabox ", "licence: not stated", "quality: median SDR on 21 tracks of MUSDB18-HQ in dB: vocals 8.69, instrumental 16.37 (audio-separator)",
            "checksum: none was published; the first download's is kept and compared",
        ])
        {
            Assert.Contains(part, list, StringComparison.Ordinal);
        }

        (code, _, error) = await ChildProcess.RunAsync(["models", "list", "nothing of the kind"], environment: host.Environment);
        Assert.Equal(2, code);
        Assert.Contains("'nothing of the kind'", error, StringComparison.Ordinal);

        (code, output, _) = await ChildProcess.RunAsync(["models", "list", "--json"], environment: host.Environment);
        Assert.Equal(0, code);
        Dictionary<string, JsonElement> models = JsonDocument.Parse(output).RootElement.GetProperty("models").EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!);
        foreach (string name in (string[])["htdemucs", "htdemucs_ft", "htdemucs_6s"])
        {
            (string Text, string StatedBy, string Link) licence = Texts(models[name].GetProperty("licence"));
            Assert.Contains("not covered by MIT; scientific use", licence.Text, StringComparison.Ordinal);
            Assert.Equal("https://github.com/facebookresearch/demucs/issues/327", licence.Link);
            Assert.False(models[name].GetProperty("licence").GetProperty("must_be_accepted").GetBoolean());
            Assert.Equal(name == "htdemucs", models[name].GetProperty("default").GetBoolean());
            Assert.Contains("SDR", models[name].GetProperty("quality").GetString()!, StringComparison.Ordinal);
        }

        Assert.Equal(84_141_911, models["htdemucs"].GetProperty("bytes").GetInt64());
        JsonElement file = models["htdemucs"].GetProperty("files")[0];
        Assert.Equal(84_141_911, file.GetProperty("bytes").GetInt64());
        Assert.Equal(Path.Combine(Path.GetDirectoryName(host.Cached)!, "955717e8-8726e21a.th"), file.GetProperty("cache_path").GetString());
        file = models["mel-band-roformer-karaoke-gabox"].GetProperty("files")[0];
        Assert.Equal(JsonValueKind.Null, file.GetProperty("sha256").ValueKind);
        Assert.Equal("mel_band_roformer_karaoke_gabox.yaml", file.GetProperty("configuration").GetProperty("name").GetString());
        Assert.Equal("MIT", Texts(models["demo"].GetProperty("licence")).Text);
        Assert.Equal(JsonValueKind.Null, models["mine"].GetProperty("bytes").ValueKind);
    }

    [LinuxFact]
    public async Task ThePathOfWhatIsMissingIsWhereItWouldBe()
    {
        using ModelHost host = new(_folder.Path, "mine");
        string[] command = ["models", "path", "mine"];
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(command, environment: host.Environment);
        Assert.Equal(ExitCode.Model, code);
        Assert.Empty(output);
        Assert.Equal($"stemsharp: mine is not here; what is missing would be {host.Cached}. 'stemsharp models download mine' puts it there.\n", error);
        await ChildProcess.RunAsync(["models", "download", "mine"], environment: host.Environment);
        (code, output, error) = await ChildProcess.RunAsync(command, environment: host.Environment);
        Assert.Equal((0, host.Cached, ""), (code, Encoding.UTF8.GetString(output).Trim(), error));
    }

    [Fact]
    public async Task WhatAModelIsMadeOfIncludesItsLicence()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("models", "inspect", "demo", "--json");
        Assert.Equal("MIT", Texts(JsonDocument.Parse(run.Output).RootElement.GetProperty("networks")[0].GetProperty("licence")).Text);
        run = await CommandLineRun.OfAsync("models", "inspect", RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Assert.Contains("licence     not stated", run.Output, StringComparison.Ordinal);
    }

    private static (string Text, string StatedBy, string Link) Texts(JsonElement licence) =>
        (licence.GetProperty("text").GetString()!, licence.GetProperty("stated_by").GetString()!, licence.GetProperty("link").GetString()!);
}
