using Stemsharp.Music;

namespace Stemsharp.Tests.Music;

/// <summary>What a generated piece is like.</summary>
/// <param name="Bpm">The tempo in its middle.</param>
/// <param name="BeatsPerBar">3 or 4.</param>
/// <param name="Swing">Where the second eighth of a beat is: 0.5 is straight, 0.667 a triplet.</param>
/// <param name="Drift">By which share of it the tempo rises from start to end.</param>
/// <param name="Tonic">Semitones above C.</param>
/// <param name="Mode">The mode.</param>
/// <param name="Style">A number that chooses patterns.</param>
/// <param name="Seed">Chooses progressions, lead-in, accents, timing of the players, melody.</param>
internal sealed record PieceRecipe(double Bpm, int BeatsPerBar, double Swing, double Drift, int Tonic, MusicMode Mode, int Style, int Seed)
{
    public double Seconds { get; init; } = 40;

    public int SampleRate { get; init; } = 22_050;

    /// <summary>The largest deviation of a stroke from its place, in seconds.</summary>
    public double Looseness { get; init; } = 0.006;

    public override string ToString() =>
        FormattableString.Invariant($"{Bpm:F1} BPM {BeatsPerBar}/4 swing {Swing:F2} drift {Drift:P0} key {Tonic} {Mode} style {Style} seed {Seed}");
}

/// <summary>A piece for drums, bass, chords and a melody, whose beats, bars and key are known.</summary>
internal sealed class GeneratedPiece
{
    private static readonly int[][] s_major = [[0, 7, 9, 5], [0, 5, 7, 0], [2, 7, 0, 9], [0, 9, 2, 7], [0, 4, 5, 7], [0, 5, 0, 7]];
    private static readonly int[][] s_minor = [[0, 8, 3, 10], [0, 5, 7, 0], [0, 10, 8, 7], [0, 5, 10, 3], [0, 8, 5, 7], [0, 3, 5, 7]];
    private static readonly int[] s_majorScale = [0, 2, 4, 5, 7, 9, 11], s_minorScale = [0, 2, 3, 5, 7, 8, 10];
    private readonly PieceRecipe _recipe;
    private readonly Random _random;
    private readonly double _leadIn;
    private readonly int _lastBeat;

    public GeneratedPiece(PieceRecipe recipe)
    {
        _recipe = recipe;
        _random = new Random(recipe.Seed);
        int samples = (int)(recipe.Seconds * recipe.SampleRate);
        (Drums, Bass, Chords, Melody) = (new float[samples], new float[samples], new float[samples], new float[samples]);
        _leadIn = 0.1 + 0.9 * _random.NextDouble();
        _lastBeat = (int)Math.Floor(BeatOf(recipe.Seconds - 0.5));
        Beats = [.. Enumerable.Range(0, _lastBeat + 1).Select(i => TimeOf(i))];
        PlayDrums();
        PlayHarmony();
        PlayMelody();
    }

    public float[] Drums { get; }

    public float[] Bass { get; }

    public float[] Chords { get; }

    public float[] Melody { get; }

    /// <summary>Seconds; every <c>BeatsPerBar</c>th from the first on begins a bar.</summary>
    public double[] Beats { get; }

    public float[] Mix => [.. Drums.Select((value, i) => value + Bass[i] + Chords[i] + Melody[i])];

    /// <summary>The time of a beat: the tempo rises evenly.</summary>
    private double TimeOf(double beat)
    {
        // beat = b·(t + d/2·(t²/T − t)) in minutes, solved for t.
        double b = _recipe.Bpm / 60, d = _recipe.Drift, length = _recipe.Seconds;
        if (d == 0)
        {
            return _leadIn + beat / b;
        }

        double a = b * d / 2 / length, linear = b * (1 - d / 2);
        return _leadIn + (-linear + Math.Sqrt(linear * linear + 4 * a * beat)) / (2 * a);
    }

    private double BeatOf(double time)
    {
        double t = time - _leadIn, b = _recipe.Bpm / 60, d = _recipe.Drift;
        return b * (t + d / 2 * (t * t / _recipe.Seconds - t));
    }

    /// <summary>A position in beats, the second half of each moved back by the swing.</summary>
    private double Swung(double beat)
    {
        double whole = Math.Floor(beat), part = beat - whole, s = _recipe.Swing;
        return whole + (part < 0.5 ? part / 0.5 * s : s + (part - 0.5) / 0.5 * (1 - s));
    }

    private double Loose() => (_random.NextDouble() * 2 - 1) * _recipe.Looseness;

    private float Accent(double strength) => (float)(strength * (0.75 + 0.5 * _random.NextDouble()));

    private void PlayDrums()
    {
        (double[] kicks, double[] snares, double[] hats) = Pattern();
        int bar = _recipe.BeatsPerBar;
        for (int start = 0; start <= _lastBeat; start += bar)
        {
            // A fill or a pause now and then.
            bool fill = _recipe.Style >= 6 && start / bar % 8 == 7;
            Strike(kicks, start, Kick);
            Strike(fill ? [.. snares, bar - 1.0, bar - 0.5] : snares, start, Snare);
            Strike(fill ? [] : hats, start, Hat);
        }

        void Strike(double[] places, int start, Action<double, float> drum)
        {
            foreach (double place in places)
            {
                double at = start + place;
                if (at <= _lastBeat)
                {
                    drum(TimeOf(Swung(at)) + Loose(), Accent(1));
                }
            }
        }
    }

    private (double[] Kicks, double[] Snares, double[] Hats) Pattern()
    {
        double[] eighths = [.. Enumerable.Range(0, 2 * _recipe.BeatsPerBar).Select(i => i / 2.0)];
        double[] quarters = [.. Enumerable.Range(0, _recipe.BeatsPerBar).Select(i => (double)i)];
        double[] between = [.. quarters.Select(q => q + 0.5)];
        if (_recipe.BeatsPerBar == 3)
        {
            return (_recipe.Style % 4) switch
            {
                0 => ([0], [1, 2], quarters),
                1 => ([0], [2], eighths),
                2 => ([0, 1.5], [1, 2], []),
                _ => ([0, 2.5], [1], eighths),
            };
        }

        return _recipe.Style switch
        {
            0 => ([0, 2], [1, 3], eighths),
            1 => (quarters, [1, 3], between),
            2 => ([0, 1.5, 2, 3.5], [1, 3], eighths),
            3 => ([0, 2, 2.5], [1, 3], quarters),
            4 or 5 => ([], [], []),
            6 => ([0, 1.5, 2, 3.5], [1, 3], [0, 0.5, 1, 2, 2.5, 3]),
            7 => ([0, 0.5, 2], [1, 3, 3.5], [0, 1, 1.5, 2, 3, 3.5]),
            8 => ([0, 2.5], [1, 3], [.. quarters, 1.5, 3.5]),
            10 => ([], [1, 3], [0, 1, 1.5, 2, 3, 3.5]),
            11 => ([0, 2], [0, 1.5, 3], eighths),
            _ => ([], [], []),
        };
    }

    private void PlayHarmony()
    {
        int bar = _recipe.BeatsPerBar, style = _recipe.Style;
        int[][] all = _recipe.Mode == MusicMode.Major ? s_major : s_minor;
        int[] progression = all[_random.Next(all.Length)];
        int barsEach = style is 3 or 8 ? 2 : 1;
        for (int start = 0; start <= _lastBeat; start += bar)
        {
            int root = progression[start / bar / barsEach % progression.Length];
            int[] chord = Triad(root);
            bool plucked = style is 4 or 5 or 9;
            for (int beat = 0; beat < bar && start + beat <= _lastBeat; beat++)
            {
                double at = start + beat, length = TimeOf(at + 1) - TimeOf(at);
                bool bass = style is 1 or 2 or 4 or 7 or 10 || beat == 0 || (bar == 4 && beat == 2);
                if (bass)
                {
                    Note(Bass, TimeOf(at) + Loose(), length * 0.9, 36 + (_recipe.Tonic + chord[beat == 2 ? 2 : 0]) % 12, 0.35f);
                }

                if (style is 2 or 6)
                {
                    Note(Bass, TimeOf(Swung(at + 0.5)) + Loose(), length * 0.4, 36 + (_recipe.Tonic + chord[0]) % 12, 0.25f);
                }

                if (!plucked && beat == 0)
                {
                    double held = TimeOf(start + bar) - TimeOf(start);
                    foreach (int note in chord)
                    {
                        Note(Chords, TimeOf(at) + Loose(), held * 0.95, 60 + (_recipe.Tonic + note) % 12, 0.12f);
                    }
                }
                else if (plucked)
                {
                    for (int half = 0; half < 2; half++)
                    {
                        double time = TimeOf(Swung(at + half / 2.0)) + Loose();
                        int[] notes = style == 5 ? [chord[(2 * beat + half) % 3]] : chord;
                        float strength = (half == 0 ? 0.2f : 0.1f) * (beat == 0 ? 1.4f : 1);
                        foreach (int note in notes)
                        {
                            Note(Chords, time, length * 0.5, 60 + (_recipe.Tonic + note) % 12, strength);
                        }
                    }
                }
            }
        }
    }

    private int[] Triad(int root)
    {
        bool minor = _recipe.Mode == MusicMode.Major ? root is 2 or 4 or 9 : root is 0 or 5;
        return [root, root + (minor ? 3 : 4), root + 7];
    }

    private void PlayMelody()
    {
        int[] scale = _recipe.Mode == MusicMode.Major ? s_majorScale : s_minorScale;
        int degree = 0;
        for (double at = 0; at <= _lastBeat;)
        {
            double beats = _random.Next(4) switch { 0 => 0.5, 1 => 1, 2 => 1.5, _ => 2 };
            if (_random.NextDouble() < 0.8)
            {
                degree = Math.Clamp(degree + _random.Next(-2, 3), -3, 9);
                int note = 67 + _recipe.Tonic % 12 + 12 * (int)Math.Floor(degree / 7.0) + scale[(degree % 7 + 7) % 7];
                double length = TimeOf(at + beats) - TimeOf(at);
                Note(Melody, TimeOf(Swung(at)) + 2 * Loose(), length * 0.9, note, 0.12f, vibrato: 0.3);
            }

            at += beats;
        }
    }

    private void Kick(double time, float strength) => Each(Drums, time, 0.18, t =>
        strength * 0.7f * (float)(Math.Exp(-t * 18) * Math.Sin(2 * Math.PI * (50 * t + 3.5 * (1 - Math.Exp(-t * 35))))));

    private void Snare(double time, float strength) => Each(Drums, time, 0.15, t =>
        strength * (float)(Math.Exp(-t * 25) * (0.35 * (_random.NextDouble() * 2 - 1) + 0.25 * Math.Sin(2 * Math.PI * 190 * t))));

    private void Hat(double time, float strength)
    {
        double before = 0;
        Each(Drums, time, 0.05, t =>
        {
            double noise = _random.NextDouble() * 2 - 1, high = noise - before;
            before = noise;
            return strength * 0.12f * (float)(Math.Exp(-t * 90) * high);
        });
    }

    private void Note(float[] part, double time, double seconds, int midi, float strength, double vibrato = 0)
    {
        double hertz = 440 * Math.Pow(2, (midi - 69) / 12.0);
        Each(part, time, seconds, t =>
        {
            double envelope = Math.Min(1, t / 0.005) * Math.Exp(-t * 2.5) * Math.Min(1, (seconds - t) / 0.02);
            double phase = 2 * Math.PI * hertz * t + vibrato * hertz / 100 * Math.Sin(2 * Math.PI * 5.5 * t);
            double value = 0;
            for (int h = 1; h <= 5 && h * hertz < 0.45 * _recipe.SampleRate; h++)
            {
                value += Math.Sin(h * phase) / h;
            }

            return strength * (float)(envelope * value);
        });
    }

    private void Each(float[] part, double time, double seconds, Func<double, float> sound)
    {
        int first = (int)Math.Round(time * _recipe.SampleRate), count = (int)(seconds * _recipe.SampleRate);
        for (int i = 0; i < count; i++)
        {
            int at = first + i;
            float value = sound((double)i / _recipe.SampleRate);
            if (at >= 0 && at < part.Length)
            {
                part[at] += value;
            }
        }
    }
}
