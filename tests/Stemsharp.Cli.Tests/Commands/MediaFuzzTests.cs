using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>
/// Media of FFmpeg's own muxers, damaged at random: each ends in stems or in one clear line. STEMSHARP_FUZZ_FILES sets how many
/// (default 40), STEMSHARP_FUZZ_SEED which (default 1).
/// </summary>
public sealed class MediaFuzzTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    // The container, and what goes into it.
    private static readonly (string Extension, string[] Arguments)[] s_containers =
    [
        ("mp3", []), ("flac", []), ("ogg", []), ("opus", []), ("m4a", []), ("mp4", []), ("mov", ["-c:a", "pcm_s16le"]), ("mkv", ["-c:a", "ac3"]), ("webm", ["-c:a", "libopus"]),
        ("avi", ["-c:a", "mp2"]), ("ts", ["-c:a", "aac"]), ("wma", []), ("wv", []), ("tta", []), ("ac3", []), ("aac", []), ("flv", ["-c:a", "mp3"]), ("au", []), ("caf", ["-c:a", "alac"]),
        ("wav", ["-c:a", "adpcm_ms"]), ("aiff", []), ("w64", []),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ToolFact("ffmpeg")]
    public async Task Damaged_media_end_in_stems_or_one_line()
    {
        int files = Number("STEMSHARP_FUZZ_FILES", 40);
        Random random = new(Number("STEMSHARP_FUZZ_SEED", 1));
        string song = Clip.Song(_folder.Combine("song.wav"), 0.4);
        foreach ((string extension, string[] arguments) in s_containers)
        {
            using Process ffmpeg = Process.Start("ffmpeg", ["-nostdin", "-loglevel", "error", "-i", song, .. arguments, _folder.Combine("whole." + extension)]);
            await ffmpeg.WaitForExitAsync();
            Assert.Equal(0, ffmpeg.ExitCode);
        }

        string[] damaged = [.. Enumerable.Range(0, files).Select(i => Damage(_folder.Combine("whole." + s_containers[i % s_containers.Length].Extension), i, random))];
        Stopwatch watch = Stopwatch.StartNew();
        Task<(int ExitCode, byte[] Output, string Error)> run = ChildProcess.RunAsync(
            ["separate", .. damaged, "--model", "demo", "--stems", "vocals", "-o", _folder.Combine("out"), "--offline", "--json", "--progress", "none", "--filename", "{track}.{trackext}.{ext}"]);
        await run.WaitAsync(s_limit * files);
        (int code, byte[] json, string error) = await run;
        Assert.Contains(code, new[] { 0, 3, 8 });
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", error, StringComparison.Ordinal);

        using JsonDocument result = JsonDocument.Parse(json);
        int done = 0, warned = 0, failed = 0;
        foreach (JsonElement track in result.RootElement.GetProperty("tracks").EnumerateArray())
        {
            if (track.GetProperty("status").GetString() == "done")
            {
                done++;
                warned += track.TryGetProperty("warnings", out _) ? 1 : 0;
                Assert.True(new FileInfo(track.GetProperty("files")[0].GetProperty("path").GetString()!).Length > 44);
            }
            else
            {
                failed++;
                string said = track.GetProperty("message").GetString()!;
                Assert.False(said.Length == 0 || said.Contains('\n', StringComparison.Ordinal) || said.Contains("internal", StringComparison.Ordinal), said);
            }
        }

        Assert.Equal(files, done + failed);
        Assert.True(done > 0 && failed > 0, $"{done} done, {failed} failed");
        output.WriteLine($"{files} files in {s_containers.Length} containers: {done} done, {warned} of them with warnings, {failed} refused with one line; {watch.Elapsed.TotalSeconds:0} s");
    }

    private string Damage(string whole, int number, Random random)
    {
        List<byte> bytes = [.. File.ReadAllBytes(whole)];
        for (int changes = random.Next(1, 8); changes > 0; changes--)
        {
            // Half of all changes in the headers.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Count, 600) : bytes.Count), length = Math.Min(random.Next(1, 200), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256)));
                    break;
                case 2:
                    for (int i = 0; i < length; i++)
                    {
                        bytes[at + i] = 0;
                    }

                    break;
                case 3 when bytes.Count > 1000:
                    bytes = [.. bytes.Take(bytes.Count - random.Next(bytes.Count / 2))];
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        string path = _folder.Combine(number.ToString(CultureInfo.InvariantCulture) + Path.GetExtension(whole));
        File.WriteAllBytes(path, [.. bytes]);
        return path;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}
