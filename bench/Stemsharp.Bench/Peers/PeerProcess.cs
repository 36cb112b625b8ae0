using System.Diagnostics;
using System.Globalization;
using Stemsharp.Checkpoints;
using Stemsharp.Evaluation;
using Stemsharp.Inference;

namespace Stemsharp.Bench.Peers;

/// <summary>
/// A contender in a process of its own, so that its peak memory is its own and it idles while others run.
/// It answers lines: "run" with the seconds of the whole segment and of the network, "end" with what it is, its
/// peak memory in bytes and its accuracy in dB (NaN without a truth).
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(Contender contender, Process process)
    {
        Contender = contender;
        _process = process;
    }

    public Contender Contender { get; }

    /// <summary>Starts it; it has loaded its model when it answers its first line.</summary>
    public static PeerProcess Start(Contender contender, string folder, int threads, string truth) =>
        new(contender, StartSelf(["peer", contender.Key, folder, threads.ToString(CultureInfo.InvariantCulture), truth]));

    /// <summary>Writes the files that contenders read.</summary>
    public static void Prepare(string model, string folder)
    {
        using Process process = StartSelf(["peer-files", model, folder]);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new StemsharpException("The graphs could not be written, see above.");
        }
    }

    public string[] Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        string answer = _process.StandardOutput.ReadLine() ?? throw new StemsharpException($"{Contender.Name} ended before its answer, see above.");
        return answer.Split('\t');
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    /// <summary>The child's side.</summary>
    public static void Serve(string key, string folder, int threads, string truth)
    {
        using LoadedContender loaded = Contender.All.Single(c => c.Key == key).Load(folder, threads);
        NetworkDefinition definition = loaded.Definition;
        int samples = definition.Cut.Samples;
        using Checkpoint? golden = truth.Length > 0 ? Checkpoint.Open(truth) : null;
        float[] mix = golden == null ? Noise(2 * samples) : GoldenAccuracy.Read(golden, "mix");
        int[] stems = [.. Enumerable.Range(0, definition.Stems.Length)];
        for (string? line; (line = Console.ReadLine()) != null;)
        {
            if (line == "run")
            {
                // The inputs' memory serves other things during a run.
                for (int c = 0; c < 2; c++)
                {
                    mix.AsSpan(c * samples, samples).CopyTo(loaded.Piece.Input(c));
                }

                long start = Stopwatch.GetTimestamp();
                loaded.Engine.RunAsync([loaded.Piece], stems, default).GetAwaiter().GetResult();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:R}\t{loaded.Timer.Seconds:R}"));
            }
            else
            {
                long peak = PeakMemory();
                double accuracy = golden == null ? double.NaN : Accuracy(loaded, GoldenAccuracy.Read(golden, "window"));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{loaded.Engine.Description}\t{peak}\t{accuracy:R}"));
            }
        }
    }

    // The truth is a window of the stems, from sample 100,000 on.
    private static double Accuracy(LoadedContender loaded, float[] truth)
    {
        const int Start = 100_000;
        int channels = loaded.Definition.Channels, width = truth.Length / (loaded.Definition.Stems.Length * channels);
        SignalToNoise sums = new();
        for (int plane = 0; plane * width < truth.Length; plane++)
        {
            sums.Add(truth.AsSpan(plane * width, width), loaded.Piece.Output(plane / channels, plane % channels).Slice(Start, width));
        }

        return sums.Ratio;
    }

    private static long PeakMemory()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64; // VmHWM on Linux
    }

    private static float[] Noise(int count)
    {
        Random random = new(1);
        float[] noise = new float[count];
        for (int i = 0; i < count; i++)
        {
            noise[i] = random.NextSingle() - 0.5f;
        }

        return noise;
    }

    private static Process StartSelf(string[] arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(PeerProcess).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
