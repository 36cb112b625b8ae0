using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>Where models' files go, where <c>models path</c> says they are, and what the documentation says: all the same.</summary>
public sealed class ModelPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task AFileGoesWhereThePathIsSaidToBe()
    {
        using ModelHost host = new(_folder.Path, "mine");
        (int code, string output, string error) = await RunAsync(host.Environment, "models", "path", "mine");
        Assert.Equal((ExitCode.Model, ""), (code, output));
        Assert.Contains($"what is missing would be {host.Cached}.", error, StringComparison.Ordinal);

        (code, output, error) = await RunAsync(host.Environment, "models", "download", "mine", "--quiet");
        Assert.Equal((0, host.Cached), (code, output.Trim()));
        Assert.True(File.Exists(host.Cached));
        Assert.Equal((0, host.Cached), await PathAsync("mine"));
        Assert.Equal((0, _folder.Combine("cache")), await PathAsync());

        // Put there by hand, it serves as well.
        File.Delete(host.Cached);
        File.WriteAllBytes(host.Cached, ModelHost.Model);
        Assert.Equal((0, host.Cached), await PathAsync("mine"));
        Assert.Single(host.Server.Requests);

        async Task<(int, string)> PathAsync(params string[] model)
        {
            (int ended, string said, _) = await RunAsync(host.Environment, ["models", "path", .. model]);
            return (ended, said.Trim());
        }
    }

    [Fact]
    public async Task TheCacheIsWhereTheDocumentationSays()
    {
        string system = OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS" : "Linux";
        string row = Regex.Match(Documentation(), $"^\\| {system} \\| (.*) \\|$", RegexOptions.Multiline).Groups[1].Value;
        string[] places = [.. Regex.Matches(row, "`(.+?)`").Select(m => m.Groups[1].Value)];
        Assert.Equal(system == "Linux" ? 2 : 1, places.Length);
        string home = _folder.Combine("home"), xdg = _folder.Combine("xdg"), local = _folder.Combine("local");
        foreach (string place in places)
        {
            Dictionary<string, string> environment = new()
            {
                ["HOME"] = home,
                ["USERPROFILE"] = home,
                ["LOCALAPPDATA"] = local,
                ["XDG_CACHE_HOME"] = place.StartsWith("$XDG", StringComparison.Ordinal) ? xdg : "",
                ["STEMSHARP_CACHE"] = "",
            };
            string expected = place.Replace("$XDG_CACHE_HOME", xdg, StringComparison.Ordinal).Replace("%LOCALAPPDATA%", local, StringComparison.Ordinal).Replace("~", home, StringComparison.Ordinal);
            (int code, string output, string error) = await RunAsync(environment, "models", "path");
            Assert.True(code == 0, error);
            Assert.Equal(Path.GetFullPath(expected), output.Trim());
        }
    }

    [Fact]
    public void FilesThatArePutThereByHandAreThoseThatAreLookedFor()
    {
        string cache = _folder.Combine("cache");
        ModelCatalog catalog = new(new ModelCatalogOptions { CacheFolder = cache, Offline = true, EnvironmentVariable = name => name is "HOME" or "USERPROFILE" ? _folder.Path : null });
        (string Model, string[] Files)[] rows =
        [
            .. Regex.Matches(Documentation(), @"^\| (\w+) \| ((?:[0-9a-f]{8}-[0-9a-f]{8}\.th[^|]*)+) \|$", RegexOptions.Multiline)
                .Select(row => (row.Groups[1].Value, (string[])[.. Regex.Matches(row.Groups[2].Value, @"[0-9a-f]{8}-[0-9a-f]{8}\.th").Select(file => file.Value)])),
        ];
        Assert.Equal(["htdemucs", "htdemucs_6s", "htdemucs_ft", "hdemucs_mmi", "mdx", "mdx_extra", "repro_mdx_a"], rows.Select(r => r.Model));
        foreach ((string model, string[] files) in rows)
        {
            Assert.Equal(files.Select(file => Path.Combine(cache, "models", file)), catalog.Locate(model).Select(file => file.CachePath));
        }
    }

    [LinuxFact]
    public async Task AFileOfAnotherProgramThatCannotBeUsedIsNamedAndLeftAsItIs()
    {
        using ModelHost host = new(_folder.Path, "mine");
        string cut = _folder.Combine("torch", "hub", "checkpoints", ModelHost.FileName);
        Directory.CreateDirectory(Path.GetDirectoryName(cut)!);
        File.WriteAllBytes(cut, ModelHost.Model[..^1000]);
        (int code, _, string error) = await RunAsync(host.Environment, "models", "download", "mine");
        Assert.True(code == 0, error);
        Assert.Matches($"stemsharp: {Regex.Escape(cut)}: .*SHA-256.*; it is fetched anew\\.", error.Replace("\n", " ", StringComparison.Ordinal));
        Assert.Equal(ModelHost.Model, File.ReadAllBytes(host.Cached));
        Assert.Equal(ModelHost.Model.Length - 1000, new FileInfo(cut).Length);

        // As JSON, and once only: what is whole is not fetched again.
        File.Delete(host.Cached);
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        string[] separate = ["separate", clip, "-n", "mine", "-o", _folder.Combine("out"), "--stems", "bass", "--progress", "json", "--overwrite"];
        (code, _, error) = await RunAsync(host.Environment, separate);
        Assert.True(code == 0, error);
        JsonElement begin = Begin(error)!.Value;
        Assert.StartsWith($"{cut}: ", Assert.Single(begin.GetProperty("unusable").EnumerateArray()).GetString(), StringComparison.Ordinal);
        (code, _, error) = await RunAsync(host.Environment, separate);
        Assert.True(code == 0, error);
        Assert.Null(Begin(error));
        Assert.Equal(2, host.Server.Requests.Count);

        static JsonElement? Begin(string lines) => lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(e => e.GetProperty("event").GetString() == "download_begin").Select(e => (JsonElement?)e).FirstOrDefault();
    }

    private static string Documentation() => File.ReadAllText(RepositoryFiles.At("docs", "models.md"));

    private static async Task<(int Code, string Output, string Error)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(arguments, environment: environment);
        return (code, Encoding.UTF8.GetString(output), error);
    }
}
