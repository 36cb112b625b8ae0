using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Stemsharp.StemHashes;

/// <summary>
/// Separates in twelve ways and prints the SHA-256 of each way's stems, as floats. A program of its own, because the
/// instruction set is chosen once in a process: SameBitsTests starts it once for each.
/// </summary>
internal static class Program
{
    /// <param name="arguments">The repository's root.</param>
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is not [string root])
        {
            await Console.Error.WriteLineAsync("Usage: Stemsharp.StemHashes REPOSITORY");
            return 2;
        }

        string models = Directory.CreateTempSubdirectory("stem-hashes-").FullName;
        try
        {
            foreach (Run run in Runs(root, models))
            {
                Console.WriteLine($"{await HashAsync(run)} {run.Name}");
            }
        }
        finally
        {
            Directory.Delete(models, recursive: true);
        }

        return 0;
    }

    private static IEnumerable<Run> Runs(string root, string models)
    {
        string golden = Path.Combine(root, "tests", "golden");
        string tiny4 = Path.Combine(golden, "tiny4", "tiny4-cf67fb40.th");
        string tiny6 = Path.Combine(golden, "tiny6", "tiny6-18285eff.th");
        string mixed = Path.Combine(golden, "mixed-storage", "mixed-7b6ab67f.th");
        string bag = Bag(models, tiny4, mixed);
        AudioInput song = AudioInput.FromFile(Path.Combine(root, "samples", "song", "mix.wav"));
        AudioInput Part(double seconds) => song.Part(TimeSpan.Zero, TimeSpan.FromSeconds(seconds));

        SeparatorOptions Of(string model, int threads) => new() { Model = model, Threads = threads };
        yield return new("tiny4, 1 thread", Of(tiny4, 1), Part(5));
        yield return new("tiny4, 2 threads", Of(tiny4, 2), Part(5));
        yield return new("tiny4, 3 threads, 2 segments at once", Of(tiny4, 3) with { ParallelSegments = 2 }, Part(5));
        yield return new("tiny6", Of(tiny6, 2), Part(3));
        yield return new("mixed-storage", Of(mixed, 2), Part(3));
        yield return new("demo", Of(Path.Combine(root, "samples", "demo-26c5300c.th"), 2), Part(10));
        yield return new("bag", Of("both", 2) with { ModelFolder = bag }, Part(4));
        yield return new("3 shifts", Of(tiny4, 2) with { Defaults = new SeparationOptions { Shifts = 3 } }, Part(2.5));
        yield return new("2 seeded shifts, 1 stem", Of(tiny4, 2) with { Stems = ["vocals"], Defaults = new SeparationOptions { Shifts = 2, Seed = 7 } }, Part(2.5));
        yield return new("segment of 1 s, overlap 0.5, power 2", Of(tiny4, 2) with { Defaults = new SeparationOptions { Segment = 1, Overlap = 0.5, TransitionPower = 2 } }, Part(3));
        yield return new("tail of 5 ms", Of(tiny4, 2), Part(1.955));
        yield return new("a tenth of a second, unsplit", Of(tiny4, 2) with { Defaults = new SeparationOptions { Split = false } }, Part(0.1));
    }

    private static string Bag(string folder, params string[] members)
    {
        foreach (string member in members)
        {
            File.Copy(member, Path.Combine(folder, Path.GetFileName(member)));
        }

        string signatures = string.Join(", ", members.Select(m => Path.GetFileName(m).Split('-')[0]));
        File.WriteAllText(
            Path.Combine(folder, "both.yaml"),
            $"models: [{signatures}]\nweights:\n  - [1.0, 0.25, 0.0, 1.0]\n  - [0.5, 0.75, 1.0, 0.0]\n");
        return folder;
    }

    private static async Task<string> HashAsync(Run run)
    {
        await using Separator separator = await Separator.OpenAsync(run.Options);
        SeparationResult result = await separator.SeparateAsync(run.Song);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string stem in result.StemNames)
        {
            foreach (float[] channel in result[stem])
            {
                hash.AppendData(MemoryMarshal.AsBytes<float>(channel));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>One way to separate.</summary>
    private sealed record Run(string Name, SeparatorOptions Options, AudioInput Song);
}
