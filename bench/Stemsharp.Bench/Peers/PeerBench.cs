using System.Globalization;
using System.Text;
using Stemsharp.Checkpoints;
using Stemsharp.Evaluation;
using Stemsharp.Kernels;
using Stemsharp.Model;

namespace Stemsharp.Bench.Peers;

/// <summary>
/// How much faster than onnxruntime is a segment, in how much memory, and how exact is each?
/// <c>peers [MODEL] [--runs N] [--threads N] [--golden FOLDER] [--results FOLDER] [--out FILE]</c>
/// Each contender is a process that waits while another one runs; they take turns segment by segment, and the FMA
/// peak is measured before and after each turn, so that a machine that drifts drifts for all. The table goes to
/// standard output and to a file of the results folder, named after the processor.
/// </summary>
internal static class PeerBench
{
    private const int WarmUps = 2;
    private const double PeakSeconds = 0.2;

    // onnxruntime's threads spin for a while after a run; the next one's turn must not pay for it.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    public static void Run(string[] args)
    {
        string model = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "synthetic:htdemucs";
        int runs = int.Parse(Value("--runs", "9"), CultureInfo.InvariantCulture);
        int threads = int.Parse(Value("--threads", $"{Environment.ProcessorCount}"), CultureInfo.InvariantCulture);
        string results = Value("--results", Path.Combine("bench", "results"));
        string name = Path.GetFileNameWithoutExtension(model.Replace(':', '-')).Replace("synthetic-", "", StringComparison.Ordinal);
        string output = Value("--out", Path.Combine(results, ProcessorName.Folder, $"peers-{name}.md"));
        string truth = Path.Combine(Value("--golden", Path.Combine("tests", "golden")), $"{name}.synthetic.safetensors");
        if (!model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) || !File.Exists(truth))
        {
            truth = "";
        }

        string folder = Directory.CreateTempSubdirectory("stemsharp-peers-").FullName;
        Dictionary<Contender, List<Turn>> turns = Contender.All.ToDictionary(c => c, _ => new List<Turn>());
        Dictionary<Contender, string[]> ends = [];
        double gflop;
        try
        {
            PeerProcess.Prepare(model, folder);
            CheckpointNetwork network = FamilyTable.All.Open(Contender.CheckpointIn(folder));
            gflop = network.Record(network.Definition.Cut.Samples).Flops * 1e-9;
            PeerProcess[] processes = [.. Contender.All.Select(c => PeerProcess.Start(c, folder, threads, truth))];
            try
            {
                foreach (PeerProcess process in processes)
                {
                    for (int i = 0; i < WarmUps; i++)
                    {
                        process.Ask("run");
                    }
                }

                for (int round = 0; round < runs; round++)
                {
                    for (int i = 0; i < processes.Length; i++)
                    {
                        // A different one begins each round.
                        PeerProcess process = processes[(round + i) % processes.Length];
                        turns[process.Contender].Add(Take(process, threads));
                    }

                    Console.Error.WriteLine($"round {round + 1} of {runs}");
                }

                foreach (PeerProcess process in processes)
                {
                    ends[process.Contender] = process.Ask("end");
                }
            }
            finally
            {
                foreach (PeerProcess process in processes)
                {
                    process.Dispose();
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string command = $"Stemsharp.Bench peers {string.Join(' ', args)}".TrimEnd();
        string report = Report(model, threads, gflop, runs, command, turns, ends);
        Console.Write(report);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        string temporary = output + ".part";
        File.WriteAllText(temporary, report);
        File.Move(temporary, output, overwrite: true);
        Console.Error.WriteLine($"written to {output}");

        string Value(string option, string fallback) => Array.IndexOf(args, option) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : fallback;
    }

    private static Turn Take(PeerProcess process, int threads)
    {
        Thread.Sleep(s_pause);
        FmaRate before = FmaPeak.Measure(threads, PeakSeconds);
        string[] answer = process.Ask("run");
        Thread.Sleep(s_pause);
        FmaRate after = FmaPeak.Measure(threads, PeakSeconds);
        return new Turn(double.Parse(answer[0], CultureInfo.InvariantCulture), double.Parse(answer[1], CultureInfo.InvariantCulture), FmaRate.Between(before, after));
    }

    private static string Report(
        string model, int threads, double gflop, int runs, string command, Dictionary<Contender, List<Turn>> turns, Dictionary<Contender, string[]> ends)
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Line($"# {model} beside onnxruntime, {threads} threads");
        Line($"");
        Line($"{ProcessorName.Description}; {DateTime.UtcNow:yyyy-MM-dd}; made by `{command}`.");
        Line($"One segment, {gflop:F1} GFLOP of the model's own, {runs} rounds in turns, medians; the share is over the FMA peak measured around each");
        Line($"turn ({Statistics.Median(turns.Values.SelectMany(t => t).Select(t => t.Fma.Peak)):F0} GFLOP/s; its mean {Statistics.Median(turns.Values.SelectMany(t => t).Select(t => t.Fma.Mean)):F0}, which neighbours on the machine lower). Whole: STFT and inverse included. Times over ours: the other's network alone over our whole segment,");
        Line($"median over the rounds. Memory: the process's VmHWM. Accuracy: against the float64 truth.");
        Line($"");
        Line($"| | whole, s | network, s | network's share of peak | times over ours | memory, MB | accuracy, dB |");
        Line($"|---|---|---|---|---|---|---|");
        List<Turn> ours = turns[Contender.All[0]];
        foreach (Contender contender in Contender.All)
        {
            List<Turn> own = turns[contender];
            string[] end = ends[contender];
            double accuracy = double.Parse(end[2], CultureInfo.InvariantCulture);
            string ratio = contender.IsOurs ? "" : Statistics.Median(own.Zip(ours, (other, us) => other.Network / us.Whole)).ToString("F2", CultureInfo.InvariantCulture);
            string share = (100 * Statistics.Median(own.Select(t => gflop / t.Network / t.Fma.Peak))).ToString("F1", CultureInfo.InvariantCulture) + " %";
            if (contender.IsOurs)
            {
                share += string.Create(CultureInfo.InvariantCulture, $", whole {Share(t => t.Peak):F1} %, {Share(t => t.Mean):F1} % of the mean");
            }

            double Share(Func<FmaRate, double> rate) => 100 * Statistics.Median(own.Select(t => gflop / t.Whole / rate(t.Fma)));
            string exact = double.IsNaN(accuracy) ? "–" : accuracy.ToString("F1", CultureInfo.InvariantCulture);
            Line($"| {contender.Name}: {end[0]} | {Statistics.Median(own.Select(t => t.Whole)):F3} | {Statistics.Median(own.Select(t => t.Network)):F3} | {share} | {ratio} | {long.Parse(end[1], CultureInfo.InvariantCulture) / 1e6:F0} | {exact} |");
        }

        return text.ToString();
    }

    private readonly record struct Turn(double Whole, double Network, FmaRate Fma);
}
