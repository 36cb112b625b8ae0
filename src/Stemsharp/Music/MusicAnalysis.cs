namespace Stemsharp.Music;

/// <summary>The two modes of Western keys.</summary>
public enum MusicMode
{
    /// <summary>Major.</summary>
    Major,

    /// <summary>Minor.</summary>
    Minor,
}

/// <summary>A tempo.</summary>
/// <param name="Bpm">Beats a minute, in the middle of the song's tempos; half or double of it may be how somebody counts.</param>
/// <param name="SlowestBpm">The slowest over some bars; equal to <paramref name="Bpm"/> where the tempo is steady.</param>
/// <param name="FastestBpm">The fastest over some bars.</param>
/// <param name="IsSteady">Whether one tempo fits the whole song, as with a click.</param>
/// <param name="Beats">When the beats are, in seconds from the start, in order.</param>
/// <param name="Confidence">0 … 1: how regularly something happens on the beats.</param>
public sealed record TempoEstimate(double Bpm, double SlowestBpm, double FastestBpm, bool IsSteady, IReadOnlyList<double> Beats, double Confidence);

/// <summary>Bars.</summary>
/// <param name="BeatsPerBar">3 or 4.</param>
/// <param name="FirstBeat">Which of the tempo's beats is the first beat of a bar, 0 … <paramref name="BeatsPerBar"/> − 1; so is every so manieth after it.</param>
/// <param name="Confidence">0 … 1.</param>
public sealed record MeterEstimate(int BeatsPerBar, int FirstBeat, double Confidence);

/// <summary>A key.</summary>
/// <param name="Tonic">Its tonic in semitones above C, 0 … 11.</param>
/// <param name="Mode">Major or minor.</param>
/// <param name="Confidence">0 … 1: how well the notes fit it, and how much better than other keys; relative keys are not told apart by this.</param>
public sealed record KeyEstimate(int Tonic, MusicMode Mode, double Confidence);

/// <summary>What was found in a song. What is too weak to be told is <see langword="null"/>.</summary>
/// <param name="Tempo">Tempo and beats.</param>
/// <param name="Meter">Bars; only with a tempo.</param>
/// <param name="Key">The key.</param>
public sealed record MusicAnalysis(TempoEstimate? Tempo, MeterEstimate? Meter, KeyEstimate? Key);
