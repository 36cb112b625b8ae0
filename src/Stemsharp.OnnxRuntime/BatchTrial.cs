using System.Globalization;
using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// How many pieces a device runs fastest together: tried once, and kept. It is also found how much a piece's result in company differs
/// from that of the piece alone.
/// </summary>
internal static unsafe class BatchTrial
{
    // Twice as many have to be worth a twentieth of the time.
    private const double Worth = 0.95;

    /// <summary>Most pieces that are tried.</summary>
    public const int Most = 8;

    /// <summary>Gives what was found earlier, or tries.</summary>
    /// <param name="file">Where it is kept; null for nowhere.</param>
    /// <param name="most">Most pieces that memory suffices for.</param>
    /// <param name="load">Loads the graph for so many pieces.</param>
    /// <param name="say">Told that it is tried, and what was found.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public static int Choose(string? file, int most, Func<int, OnnxNetworkSession> load, Action<string> say, TimeProvider? time = null)
    {
        if (most < 2)
        {
            return 1;
        }

        if (file is not null && File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out int known) && known is >= 1 and <= Most)
        {
            return Math.Min(known, most);
        }

        say("How many segments run fastest together on this device is tried, this once.");
        int chosen = 1;
        double alone = 0, best = double.PositiveInfinity, difference = 0;
        float[] truth = [];
        for (int pieces = 1; pieces <= Math.Min(most, Most); pieces *= 2)
        {
            (double seconds, float[] result) = pieces == 1 ? Measure(1, load, time) : TryMeasure(pieces);
            if (seconds > best * Worth)
            {
                break;
            }

            (chosen, best) = (pieces, seconds);
            if (pieces == 1)
            {
                (alone, truth) = (seconds, result);
            }
            else
            {
                difference = Difference(truth, result);
            }
        }

        if (file is not null)
        {
            File.WriteAllText(file, chosen.ToString(CultureInfo.InvariantCulture));
        }

        say(chosen == 1
            ? "One segment at a time is fastest."
            : string.Create(CultureInfo.InvariantCulture, $"{chosen} segments together take {best:0.000} s each, one alone {alone:0.000} s; {Words(difference)}."));
        return chosen;

        // More memory than there is, or a graph that is not taken: as many are not run.
        (double, float[]) TryMeasure(int pieces)
        {
            try
            {
                return Measure(pieces, load, time);
            }
            catch (EngineException)
            {
                return (double.PositiveInfinity, []);
            }
        }
    }

    /// <summary>Says how much company changes a piece, where somebody asked for so many: compared once, and kept.</summary>
    /// <param name="file">Where it is kept; null where comparing costs too much.</param>
    /// <param name="pieces">How many run together, at least 2.</param>
    /// <param name="load">Loads the graph for so many pieces.</param>
    /// <param name="say">Told.</param>
    public static void Tell(string? file, int pieces, Func<int, OnnxNetworkSession> load, Action<string> say)
    {
        if (file is null)
        {
            say(Uncompared(pieces));
            return;
        }

        if (!File.Exists(file) || !double.TryParse(File.ReadAllText(file), NumberStyles.Float, CultureInfo.InvariantCulture, out double difference))
        {
            say($"What {pieces} segments together are to each of them alone is compared, this once.");
            difference = Difference(Measure(1, load).Result, Measure(pieces, load).Result);
            File.WriteAllText(file, difference.ToString("R", CultureInfo.InvariantCulture));
        }

        say($"{pieces} segments run together; {Words(difference)}.");
    }

    /// <summary>What can be said of so many pieces without a comparison.</summary>
    public static string Uncompared(int pieces) => $"{pieces} segments run together; onnxruntime does not promise the bits that each has alone.";

    private static (double Seconds, float[] Result) Measure(int pieces, Func<int, OnnxNetworkSession> load, TimeProvider? time = null)
    {
        TimeProvider clock = time ?? TimeProvider.System;
        using OnnxNetworkSession session = load(pieces);
        NetworkPiece last = new(session, session.Pieces[^1]);
        for (int i = 0; i < pieces; i++)
        {
            // The others are louder, so that what leaked from them would be seen.
            new NetworkPiece(session, session.Pieces[i]).Fill(i == pieces - 1 ? 1 : 3 + i);
        }

        // The first run makes plans and takes memory.
        session.Run(default);
        long began = clock.GetTimestamp();
        session.Run(default);
        return (clock.GetElapsedTime(began).TotalSeconds / pieces, last.Result());
    }

    private static string Words(double difference) => difference == 0
        ? "each has the bits that it has alone"
        : string.Create(CultureInfo.InvariantCulture, $"they differ from those alone by {difference:0.0e0} of the loudest sample");

    // The largest difference, as a part of the largest sample.
    private static double Difference(float[] truth, float[] result) =>
        truth.Zip(result, (a, b) => Math.Abs((double)a - b)).Max() / Math.Max(1e-30, truth.Max(Math.Abs));

    /// <summary>Inputs and outputs of one piece.</summary>
    private readonly struct NetworkPiece(OnnxNetworkSession session, INetworkSession piece)
    {
        public void Fill(float level)
        {
            Random random = new(1);
            foreach (PortRole role in Enum.GetValues<PortRole>())
            {
                foreach (ref float sample in new Span<float>(piece.Input(role), session.InputLength(role)))
                {
                    sample = level * (random.NextSingle() - 0.5f);
                }
            }
        }

        public float[] Result()
        {
            List<float> all = [];
            foreach (PortRole role in Enum.GetValues<PortRole>())
            {
                all.AddRange(new ReadOnlySpan<float>(piece.Output(role), session.OutputLength(role)));
            }

            return [.. all];
        }
    }
}
