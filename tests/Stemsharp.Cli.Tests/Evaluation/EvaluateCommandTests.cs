using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Evaluation;

public sealed partial class EvaluateCommandTests : IDisposable
{
    private const int Rate = 8000;
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-evaluate-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_set_is_judged_into_table_csv_json_and_a_page()
    {
        MakeSet("test/A Song", 1, 0.5f);
        MakeSet("test/B, \"Song\" & <b>", 2, 0.9f);
        string csv = Place("scores.csv"), html = Place("scores.html");
        (int code, string output, string error) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"), "--csv", csv, "--html", html);
        Assert.True(code == ExitCode.Success, error);

        // ŝ = g·s: the SDR is −20·log10(1 − g), 6.02 dB for 0.5 and 20 for 0.9.
        Assert.Contains("vocals", output, StringComparison.Ordinal);
        Assert.Contains("13.01", output, StringComparison.Ordinal);
        Assert.Contains("1/2 test/A Song: SDR drums 6.02, vocals 6.02", error, StringComparison.Ordinal);

        string[] rows = await File.ReadAllLinesAsync(csv);
        Assert.Equal("track,stem,sdr,isr,sir,sar,si_sdr,global_sdr,mixture_sdr,frames", rows[0]);
        Assert.Equal(5, rows.Length);
        Assert.StartsWith("\"test/B, \"\"Song\"\" & <b>\",drums,20,", rows[3], StringComparison.Ordinal);

        (code, output, error) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"), "--json", "--shifts", "2", "--engine", "cpu");
        Assert.Equal(ExitCode.Success, code);
        Assert.StartsWith("stemsharp: --shifts and --engine mean nothing with --estimates", error, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal(1, document.RootElement.GetProperty("version").GetInt32());
        JsonElement stem = document.RootElement.GetProperty("tracks")[0].GetProperty("stems")[1];
        Assert.Equal("vocals", stem.GetProperty("stem").GetString());
        Assert.Equal(6.0206, stem.GetProperty("sdr").GetDouble(), 2);
        Assert.Equal(2, stem.GetProperty("frames").GetArrayLength());
        Assert.Equal(13.01, document.RootElement.GetProperty("summary")[0].GetProperty("median").GetProperty("sdr").GetDouble(), 2);

        string page = await File.ReadAllTextAsync(html);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Contains("B, &quot;Song&quot; &amp; &lt;b&gt;", page, StringComparison.Ordinal);
        Assert.All(Source().Matches(page).Select(match => match.Value), source => Assert.StartsWith("src=\"data:image/png;base64,", source, StringComparison.Ordinal));
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Equal(12, Regex.Count(page, "<img class=\"spectrum\""));
        Assert.Equal(12, Regex.Count(page, "<svg class=\"wave\""));
        // The fifth, SI-SDR, is infinite but for rounding.
        Assert.InRange(Regex.Count(page, "<svg class=\"boxes\""), 4, 5);
    }

    [Fact]
    public async Task Json_on_standard_output_stands_alone()
    {
        MakeSet("A", 1, 0.5f);
        (int code, string output, _) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"), "--json", "--sdr-only", "--quiet");
        Assert.Equal(ExitCode.Success, code);
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement frame = document.RootElement.GetProperty("tracks")[0].GetProperty("stems")[0].GetProperty("frames")[0];
        Assert.Equal(JsonValueKind.Null, frame.GetProperty("sar").ValueKind);
        Assert.Equal(6.0206, frame.GetProperty("sdr").GetDouble(), 2);
    }

    [Fact]
    public async Task A_single_track_is_a_set_of_one()
    {
        MakeSet("A", 1, 0.5f);
        (int code, string output, _) = await RunAsync("evaluate", Path.Combine(Place("set"), "A"), "--estimates", Path.Combine(Place("estimates"), "A"), "--sdr-only");
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("6.02", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_separates_a_mono_track_of_another_rate_and_leaves_its_stems_where_asked()
    {
        float[] noise = Noise(1, 0.5f);
        foreach (string name in new[] { "mixture", "vocals", "drums" })
        {
            WriteWav(Path.Combine(Place("set"), "A", name + ".wav"), noise, channels: 1);
        }

        (int code, string output, string error) = await RunAsync(
            "evaluate", Place("set"), "-n", "demo", "--sdr-only", "--save-stems", Place("saved"), "--threads", "2");
        Assert.True(code == ExitCode.Success, error);
        Assert.Contains("vocals", output, StringComparison.Ordinal);
        using IAudioReader stem = AudioFiles.Open(Path.Combine(Place("saved"), "A", "vocals.wav"));
        Assert.Equal((Rate, 1), (stem.SampleRate, stem.Channels));
        Assert.False(File.Exists(Path.Combine(Place("saved"), "A", "bass.wav")));
    }

    [Fact]
    public async Task A_track_that_fails_does_not_stop_the_others()
    {
        MakeSet("A", 1, 0.5f);
        MakeSet("B", 2, 0.5f);
        Directory.Delete(Path.Combine(Place("estimates"), "A"), recursive: true);
        (int code, string output, string error) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"), "--sdr-only");
        Assert.Equal(ExitCode.PartialFailure, code);
        Assert.Contains("6.02", output, StringComparison.Ordinal);
        Assert.Contains("no separated stems of A", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "There is no folder")]
    [InlineData("empty", "holds no tracks")]
    public async Task Folders_without_tracks_are_refused_with_what_is_expected(string name, string message)
    {
        Directory.CreateDirectory(Place("empty"));
        (int code, _, string error) = await RunAsync("evaluate", Place(name), "--estimates", Place("empty"));
        Assert.Equal(ExitCode.Audio, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stems_without_a_common_name_are_refused()
    {
        MakeSet("A", 1, 0.5f);
        Directory.Delete(Place("estimates"), recursive: true);
        WriteWav(Path.Combine(Place("estimates"), "A", "voice.wav"), Noise(1, 1));
        (int code, _, string error) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"));
        Assert.Equal(ExitCode.Audio, code);
        Assert.Contains("the estimates have voice", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_can_not_be_written_fails_before_the_work()
    {
        MakeSet("A", 1, 0.5f);
        (int code, _, string error) = await RunAsync("evaluate", Place("set"), "--estimates", Place("estimates"), "--csv", Path.Combine(Place("nowhere"), "x.csv"));
        Assert.Equal(ExitCode.Output, code);
        Assert.DoesNotContain("SDR", error, StringComparison.Ordinal);
    }

    [GeneratedRegex("src=\"[^\"]{0,40}")]
    private static partial Regex Source();

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        StringWriter output = new(), error = new();
        int code = await CommandLineHost.RunAsync(Program.CreateRoot(), arguments, output, error, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>A track of two stems of noise, and estimates that are the stems times a gain.</summary>
    private void MakeSet(string track, int seed, float gain)
    {
        string references = Path.Combine(Place("set"), track), estimates = Path.Combine(Place("estimates"), track);
        float[] vocals = Noise(seed, 0.5f), drums = Noise(seed + 100, 0.5f);
        WriteWav(Path.Combine(references, "vocals.wav"), vocals);
        WriteWav(Path.Combine(references, "drums.wav"), drums);
        WriteWav(Path.Combine(references, "mixture.wav"), [.. vocals.Zip(drums, (one, other) => one + other)]);
        WriteWav(Path.Combine(estimates, "vocals.wav"), Array.ConvertAll(vocals, value => gain * value));
        WriteWav(Path.Combine(estimates, "drums.wav"), Array.ConvertAll(drums, value => gain * value));
    }

    private string Place(string name) => Path.Combine(_folder, name);

    private static float[] Noise(int seed, float level)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, 2 * 2 * Rate).Select(_ => level * (random.NextSingle() - 0.5f))];
    }

    private static void WriteWav(string path, float[] interleaved, int channels = 2)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using IAudioWriter writer = AudioFiles.Create(path, Rate, channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 });
        writer.Write(interleaved);
        writer.Complete();
    }
}
