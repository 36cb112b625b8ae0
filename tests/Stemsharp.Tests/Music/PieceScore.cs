using Stemsharp.Music;

namespace Stemsharp.Tests.Music;

/// <summary>How far an analysis of a generated piece is right.</summary>
internal sealed record PieceScore(PieceRecipe Recipe, GeneratedPiece Piece, MusicAnalysis Found)
{
    private const double Tolerance = 0.07;

    /// <summary>Found tempo by true mean tempo; 0 where none is told.</summary>
    public double TempoRatio => Found.Tempo is { } tempo ? tempo.Bpm * (Piece.Beats[^1] - Piece.Beats[0]) / (Piece.Beats.Length - 1) / 60 : 0;

    /// <summary>Whether the tempo is right within 1 %, half and double allowed.</summary>
    public bool IsTempoRight => ((double[])[0.5, 1, 2]).Any(factor => Math.Abs(TempoRatio / factor - 1) < 0.01);

    public bool IsTempoExact => Math.Abs(TempoRatio - 1) < 0.01;

    public bool IsKeyRight => Found.Key is { } key && key.Tonic == Recipe.Tonic && key.Mode == Recipe.Mode;

    public bool IsKeyRightOrRelative => Found.Key is { } key && KeyFinder.IsSameOrRelative(key.Tonic, key.Mode, Recipe.Tonic, Recipe.Mode);

    /// <summary>Whether the bars are right; null where none are told, or the tempo is not the piece's own.</summary>
    public bool? IsMeterRight => Found.Meter is { } meter && IsTempoExact
        ? meter.BeatsPerBar == Recipe.BeatsPerBar && IsDownbeat(Found.Tempo!.Beats[meter.FirstBeat + 2 * meter.BeatsPerBar])
        : null;

    /// <summary>F measure of the beats, ±70 ms, against the piece's beats at the level of the tempo that was told: its own, half or double.</summary>
    public double BeatF => Found.Tempo is { } tempo
        ? TempoRatio switch
        {
            > 1.5 => F(Doubled(Piece.Beats), tempo.Beats),
            < 0.75 => Math.Max(F(Every2nd(0), tempo.Beats), F(Every2nd(1), tempo.Beats)),
            _ => F(Piece.Beats, tempo.Beats),
        }
        : 0;

    /// <summary>F measure against the piece's own beats.</summary>
    public double ExactBeatF => Found.Tempo is { } tempo ? F(Piece.Beats, tempo.Beats) : 0;

    public static PieceScore OfStems(PieceRecipe recipe)
    {
        GeneratedPiece piece = new(recipe);
        MusicPart Part(float[] sound, MusicRole role) => new(new MemoryReader(sound, recipe.SampleRate, 1), role);
        return new PieceScore(recipe, piece, MusicAnalyzer.Analyze(
            [Part(piece.Drums, MusicRole.Drums), Part(piece.Bass, MusicRole.Instrument), Part(piece.Chords, MusicRole.Instrument), Part(piece.Melody, MusicRole.Voice)],
            CancellationToken.None));
    }

    public static PieceScore OfMix(PieceRecipe recipe)
    {
        GeneratedPiece piece = new(recipe);
        return new PieceScore(recipe, piece, MusicAnalyzer.Analyze(new MemoryReader(piece.Mix, recipe.SampleRate, 1), CancellationToken.None));
    }

    public override string ToString() => FormattableString.Invariant(
        $"{Recipe}: tempo × {TempoRatio:F3}, F {BeatF:F2} ({ExactBeatF:F2}), bars {Found.Meter?.BeatsPerBar} {IsMeterRight}, key {Found.Key?.Tonic} {Found.Key?.Mode} {IsKeyRight}");

    private bool IsDownbeat(double time) => Piece.Beats.Where((_, i) => i % Recipe.BeatsPerBar == 0).Any(beat => Math.Abs(beat - time) <= Tolerance);

    private double[] Every2nd(int first) => [.. Piece.Beats.Where((_, i) => i % 2 == first)];

    private static double[] Doubled(double[] beats) => [.. beats.SelectMany((beat, i) => i + 1 < beats.Length ? (double[])[beat, (beat + beats[i + 1]) / 2] : [beat])];

    private static double F(double[] truth, IReadOnlyList<double> found)
    {
        int hits = truth.Count(beat => found.Any(other => Math.Abs(other - beat) <= Tolerance));
        // Beats before the first note and after the last are nobody's.
        int counted = found.Count(beat => beat >= truth[0] - Tolerance && beat <= truth[^1] + Tolerance);
        return 2.0 * hits / (truth.Length + counted);
    }
}
