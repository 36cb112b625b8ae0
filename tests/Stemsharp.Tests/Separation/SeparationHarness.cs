using Stemsharp.Inference;
using Stemsharp.Separation;
using Stemsharp.Signal;

namespace Stemsharp.Tests.Separation;

/// <summary>Small networks and tracks to separate, and their stems collected.</summary>
internal static class SeparationHarness
{
    public const int Nfft = 256;
    public const int Rate = 1000;
    public const int Training = 2000;

    /// <summary>A network as demucs' hybrid ones are, of the harness's sizes.</summary>
    public static NetworkDefinition Definition(bool padsToTraining = true, int stems = 2) => new()
    {
        Stems = [.. Enumerable.Range(0, stems).Select(i => $"stem {i}")],
        SampleRate = Rate,
        Channels = 2,
        Cut = new PieceCut
        {
            Samples = Training,
            Lengths = padsToTraining ? NetworkLengths.Only(Training) : NetworkLengths.UpTo(Training),
            Window = padsToTraining ? PieceWindow.Whole : PieceWindow.ShortestUnlessSet,
            StepNumerator = 3,
            StepDenominator = 4,
            Normalization = TrackNormalization.Sample,
            MaxShift = Rate / 2,
        },
        Transform = new TransformDefinition { Nfft = Nfft, Hop = Nfft / 4, Bins = Nfft / 2 },
        Inputs = [new("waveform", PortRole.Waveform)],
        Outputs = [new("waveforms", PortRole.Waveform)],
    };

    public static BagMember Member(
        IReadOnlyList<double>? weights = null, Func<int, double, double, double>? formula = null, bool padsToTraining = true, int sessions = 1, Action<CancellationToken>? before = null) =>
        Member(Definition(padsToTraining, (weights ?? [1, 1]).Count), weights, formula, sessions, before);

    public static BagMember Member(
        NetworkDefinition definition, IReadOnlyList<double>? weights = null, Func<int, double, double, double>? formula = null, int sessions = 1, Action<CancellationToken>? before = null) =>
        new(definition, weights ?? [.. definition.Stems.Select(_ => 1.0)], new EngineSource(() => new FakeEngine(definition, formula, sessions) { Before = before }.ToEngine()));

    /// <summary>One engine, made when it is first asked for.</summary>
    public sealed class EngineSource(Func<IEngine> make) : IEngineSource
    {
        private IEngine? _engine;

        public bool ChecksResults => false;

        public IEngine Open(int samples, long pieces) => _engine ??= make();

        public IEngine Retry(EngineException failure, int samples, long pieces) => _engine!;

        public IEngine? Replace(EngineException failure, int samples, long pieces) => null;
    }

    public static Track Track(float[][] mix, string name = "made") => new(name, _ => new MemoryReader(Interleave(mix), Rate, mix.Length));

    public static float[] Interleave(float[][] channels)
    {
        float[] result = new float[channels.Length * channels[0].Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = channels[i % channels.Length][i / channels.Length];
        }

        return result;
    }

    public static float[][] Noise(int length, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, 2).Select(_ => Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() * 2 - 0.9)).ToArray())];
    }

    /// <summary>[stem][channel][sample], checked to come in order and without gaps.</summary>
    public static float[][][] Run(
        float[][] mix, SeparationSettings settings, IReadOnlyList<BagMember>? members = null, int[]? wanted = null, Action<SeparationTally>? tell = null, Action? received = null)
    {
        members ??= [Member()];
        wanted ??= [.. Enumerable.Range(0, members[0].Weights.Count)];
        Track track = Track(mix);
        TrackStatistics statistics = TrackStatistics.Measure(track.Open(default), default);
        float[][][] result = [.. wanted.Select(_ => mix.Select(_ => new float[mix[0].Length]).ToArray())];
        long position = 0;
        SeparationTally tally = new TrackSeparator(track, statistics, new Bag(members, wanted), settings).Run(
            block =>
            {
                Xunit.Assert.Equal(position, block.Start);
                for (int c = 0; c < mix.Length; c++)
                {
                    Xunit.Assert.Equal(mix[c].AsSpan((int)position, block.Length), block.Mix[c].AsSpan(0, block.Length));
                    for (int s = 0; s < wanted.Length; s++)
                    {
                        block.Stems[s][c].AsSpan(0, block.Length).CopyTo(result[s][c].AsSpan((int)position));
                    }
                }

                position += block.Length;
                received?.Invoke();
            },
            _ => { },
            default);
        Xunit.Assert.Equal(mix[0].Length, position);
        tell?.Invoke(tally);
        return result;
    }

    /// <summary>The reference's network of <see cref="FakeEngine"/>.</summary>
    public static ReferenceSeparation Reference(int stems = 2, Func<int, double, double, double>? formula = null) =>
        new(stems, Rate, Training, input => [.. Enumerable.Range(0, stems).Select(s =>
            input.Select(channel => channel.Select((x, i) => (formula ?? FakeEngine.Bent)(s, x, (double)i / Training)).ToArray()).ToArray())]);

    public static double[][] Widen(float[][] mix) => [.. mix.Select(channel => channel.Select(v => (double)v).ToArray())];

    public static void AssertClose(double[][][] truth, float[][][] found, double tolerance = 2e-5)
    {
        for (int s = 0; s < truth.Length; s++)
        {
            for (int c = 0; c < truth[s].Length; c++)
            {
                for (int i = 0; i < truth[s][c].Length; i++)
                {
                    if (Math.Abs(truth[s][c][i] - found[s][c][i]) > tolerance * Math.Max(1, Math.Abs(truth[s][c][i])))
                    {
                        Xunit.Assert.Fail($"stem {s} channel {c} sample {i}: {found[s][c][i]} instead of {truth[s][c][i]}");
                    }
                }
            }
        }
    }
}
