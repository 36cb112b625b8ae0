using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;

namespace Stemsharp.Bench.Steps;

/// <summary>
/// Which of several builds of the library is faster, step by step? All are loaded into one process and take turns every
/// few milliseconds, so that neighbours on a busy machine disturb them alike: differences of half a percent show where
/// seconds of whole runs drift by a third. One thread. Steps are cut at the same places only where the builds cut them
/// into equally many tasks; their sums are comparable in any case.
/// </summary>
internal static class StepComparison
{
    private const double TurnMilliseconds = 4, AssumedFlopsPerMillisecond = 60e6, FmaSeconds = 0.004;

    public static void Print(string[] args)
    {
        string model = "synthetic:htdemucs", pattern = ".";
        int rounds = 3;
        bool each = false;
        List<string> folders = [];
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--model": model = args[++i]; break;
                case "--steps": pattern = args[++i]; break;
                case "--rounds": rounds = int.Parse(args[++i]); break;
                case "--each": each = true; break;
                default: folders.Add(args[i]); break;
            }
        }

        if (folders.Count == 0)
        {
            throw new ArgumentException("Name the folders of one or more builds: each holds a Stemsharp.dll.");
        }

        Build[] builds = [.. folders.Select(folder => new Build(folder, model))];
        if (builds.Any(b => b.Steps != builds[0].Steps))
        {
            throw new InvalidOperationException($"The builds have plans of {string.Join(", ", builds.Select(b => b.Steps))} steps; only plans of the same steps can be compared.");
        }

        Dictionary<string, Sums> totals = [];
        Sums all = new(builds.Length);
        for (int round = 0; round <= rounds; round++)
        {
            for (int step = 0; step < builds[0].Steps; step++)
            {
                string name = builds[0].Name(step);
                if (!Regex.IsMatch(name, pattern))
                {
                    continue;
                }

                double[] times = Turns(builds, step, round);
                if (round == 0)
                {
                    continue; // a warm-up
                }

                double fma = builds[0].ExecutedFlops(step) / builds[0].FmaRate(FmaSeconds) * 1e-6;
                string key = each ? name : Kind(name);
                if (!totals.TryGetValue(key, out Sums? sums))
                {
                    totals.Add(key, sums = new Sums(builds.Length));
                }

                sums.Add(times, fma);
                all.Add(times, fma);
            }
        }

        for (int b = 0; b < builds.Length; b++)
        {
            Console.WriteLine($"{(char)('A' + b)}: {folders[b]}");
        }

        foreach ((string key, Sums sums) in totals.OrderByDescending(t => t.Value.Times[0]))
        {
            Console.WriteLine(sums.Line(key, rounds));
        }

        Console.WriteLine(all.Line("all", rounds));
    }

    // One step of every build, in turns; milliseconds.
    private static double[] Turns(Build[] builds, int step, int round)
    {
        double[] times = new double[builds.Length];
        int phases = builds[0].Phases(step);
        for (int phase = 0; phase < phases; phase++)
        {
            int[] tasks = [.. builds.Select(b => b.Tasks(step, phase))];
            int turns = Math.Clamp((int)(builds[0].ExecutedFlops(step) / phases / AssumedFlopsPerMillisecond / TurnMilliseconds), 1, tasks.Min());
            for (int turn = 0; turn < turns; turn++)
            {
                for (int i = 0; i < builds.Length; i++)
                {
                    int b = (i + round + turn) % builds.Length, first = (int)((long)tasks[b] * turn / turns), end = (int)((long)tasks[b] * (turn + 1) / turns);
                    long start = Stopwatch.GetTimestamp();
                    builds[b].Run(step, phase, first, end);
                    times[b] += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }
            }
        }

        return times;
    }

    private static string Kind(string name) => name switch
    {
        _ when name.Contains(".attention:") => "attention",
        _ when name.Contains("linear1") => "feed-forward",
        _ when name.Contains("dconv") => "DConv",
        _ when name.Contains("conv_tr") => "transposed convolutions",
        _ when name.Contains("rewrite") => "rewrites",
        _ when name.Contains(".conv:") => "encoders' convolutions",
        _ when name.Contains("linear") => "linear layers",
        _ => "other",
    };

    /// <summary>Milliseconds of each build, and what the first one's operations take at the rate of multiply-adds alone.</summary>
    private sealed class Sums(int builds)
    {
        private double _fma;

        public double[] Times { get; } = new double[builds];

        public void Add(double[] times, double fma)
        {
            for (int i = 0; i < times.Length; i++)
            {
                Times[i] += times[i];
            }

            _fma += fma;
        }

        public string Line(string name, int rounds) =>
            $"{name,-24}{string.Concat(Times.Select((t, i) => $"  {(char)('A' + i)} {t / rounds,8:F1} ms{(i == 0 ? "" : $" ({100 * t / Times[0],6:F2} %)")}"))}  A at {100 * _fma / Times[0]:F1} % of multiply-adds alone";
    }

    /// <summary>Takes assemblies from a folder first.</summary>
    private sealed class FolderContext : AssemblyLoadContext
    {
        private readonly string _folder;

        public FolderContext(string folder)
            : base(folder) => _folder = folder;

        protected override Assembly? Load(AssemblyName assemblyName) =>
            Path.Combine(_folder, assemblyName.Name + ".dll") is var file && File.Exists(file) ? LoadFromAssemblyPath(file) : null;
    }

    /// <summary>One build of the library, with a <see cref="StepRunner"/> of its own.</summary>
    private sealed class Build
    {
        private readonly Type _runner;

        public Build(string folder, string model)
        {
            string path = Path.GetFullPath(folder);
            if (!File.Exists(Path.Combine(path, "Stemsharp.dll")))
            {
                throw new FileNotFoundException($"{folder} holds no Stemsharp.dll. Build bench/Stemsharp.Bench and copy its output folder.");
            }

            // A build's own benchmark knows its library's types, where they have moved since.
            string bench = Path.Combine(path, Path.GetFileName(typeof(StepRunner).Assembly.Location));
            _runner = new FolderContext(path).LoadFromAssemblyPath(File.Exists(bench) ? bench : typeof(StepRunner).Assembly.Location).GetType(typeof(StepRunner).FullName!)!;
            Steps = Method<Func<string, int>>(nameof(StepRunner.Open))(model);
            Name = Method<Func<int, string>>(nameof(StepRunner.Name));
            ExecutedFlops = Method<Func<int, double>>(nameof(StepRunner.ExecutedFlops));
            Phases = Method<Func<int, int>>(nameof(StepRunner.Phases));
            Tasks = Method<Func<int, int, int>>(nameof(StepRunner.Tasks));
            Run = Method<Action<int, int, int, int>>(nameof(StepRunner.Run));
            FmaRate = Method<Func<double, double>>(nameof(StepRunner.FmaRate));
        }

        public int Steps { get; }

        public Func<int, string> Name { get; }

        public Func<int, double> ExecutedFlops { get; }

        public Func<int, int> Phases { get; }

        public Func<int, int, int> Tasks { get; }

        public Action<int, int, int, int> Run { get; }

        public Func<double, double> FmaRate { get; }

        private TDelegate Method<TDelegate>(string name)
            where TDelegate : Delegate => _runner.GetMethod(name, BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<TDelegate>();
    }
}
