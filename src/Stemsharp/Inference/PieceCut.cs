namespace Stemsharp.Inference;

/// <summary>How many samples the network is shown for a piece.</summary>
public enum PieceWindow
{
    /// <summary>As many as a whole piece has, however short the last one is (transformers over bands; hybrid transformers at their trained length).</summary>
    Whole,

    /// <summary>The shortest length that the network takes and the piece fits into (convolutional networks).</summary>
    Shortest,

    /// <summary>
    /// The same, but a whole piece's where its length was set by the user: what demucs does with a hybrid transformer that was trained
    /// without <c>use_train_segment</c>.
    /// </summary>
    ShortestUnlessSet,
}

/// <summary>What stands around a piece that is shorter than its window.</summary>
public enum PieceFill
{
    /// <summary>The track's neighbouring samples on both sides, the piece in the middle; zeros outside of the track.</summary>
    Centred,

    /// <summary>Zeros after it.</summary>
    Zeros,

    /// <summary>After it its mirror image, without repeating its last sample, where it has more than half of the window; zeros otherwise.</summary>
    Mirrored,
}

/// <summary>What lies before and after a track.</summary>
public enum TrackBorder
{
    /// <summary>Nothing: the first piece begins where the track does.</summary>
    None,

    /// <summary>
    /// Its mirror image, so that its ends have as many pieces over them as its middle: a piece less a step at each side, where the
    /// track is longer than both together.
    /// </summary>
    Mirrored,

    /// <summary>
    /// Zeros: <see cref="PieceCut.BorderSamples"/> before it, and behind it as many, and so many more, one to a whole unit, that the track
    /// and these are a whole number of units; a unit is a piece less twice <see cref="PieceCut.BorderSamples"/>.
    /// </summary>
    Zeros,
}

/// <summary>How overlapping pieces are faded into each other. Weights are divided by their sum.</summary>
public enum PieceFade
{
    /// <summary>A triangle over the whole piece, to a power.</summary>
    Triangle,

    /// <summary>
    /// One in the middle, and lines between 0 and 1 over ⌊piece / <see cref="PieceCut.FadeDivisor"/>⌋ samples at both ends; the first
    /// piece of a track has none at its start, the last one none at its end.
    /// </summary>
    Lines,

    /// <summary>
    /// ½ − ½·cos(2πj/(n − 1)) over the n samples of a piece, fewer in one that reaches the end of the track's border; one everywhere where
    /// pieces do not overlap.
    /// </summary>
    Hann,
}

/// <summary>What a track is divided by before the network, and multiplied with after it.</summary>
public enum TrackNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The standard deviation of its channels' mean, divided by N − 1, plus 1e-8; their mean is subtracted (Demucs).</summary>
    Sample,

    /// <summary>The standard deviation of its channels' mean, divided by N; their mean is subtracted (the trainers' <c>normalize</c>).</summary>
    Population,
}

/// <summary>How a track is cut into pieces for a network, and how what the network gives becomes a track again.</summary>
public sealed record PieceCut
{
    /// <summary>Samples of a piece as the network was trained on.</summary>
    public required int Samples { get; init; }

    /// <summary>The lengths that the network takes.</summary>
    public required NetworkLengths Lengths { get; init; }

    /// <summary>From one piece to the next, as a share of a piece: numerator. With <see cref="StepDenominator"/> at most 1.</summary>
    public required int StepNumerator { get; init; }

    /// <summary>From one piece to the next, as a share of a piece: denominator.</summary>
    public required int StepDenominator { get; init; }

    /// <summary>How many samples the network is shown for a piece.</summary>
    public PieceWindow Window { get; init; }

    /// <summary>What stands around a piece that is shorter than its window.</summary>
    public PieceFill Fill { get; init; }

    /// <summary>What lies before and after a track.</summary>
    public TrackBorder Border { get; init; }

    /// <summary>Samples of a border of <see cref="TrackBorder.Zeros"/> before the track; 0 with any other.</summary>
    public int BorderSamples { get; init; }

    /// <summary>How overlapping pieces are faded into each other.</summary>
    public PieceFade Fade { get; init; }

    /// <summary>The part of a piece over which <see cref="PieceFade.Lines"/> fade. Default 10: a tenth.</summary>
    public int FadeDivisor { get; init; } = 10;

    /// <summary>What a track is divided by.</summary>
    public TrackNormalization Normalization { get; init; }

    /// <summary>The largest shift of a track against its pieces, in samples; 0 where shifted runs mean nothing.</summary>
    public int MaxShift { get; init; }

    /// <summary>From one piece to the next, in samples.</summary>
    public int Step => StepOf(Samples, null);

    /// <summary>From one piece to the next, in samples; at least 1.</summary>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="overlap">The share of a piece that overlaps the next one; null for the network's own.</param>
    public int StepOf(int samples, double? overlap) => Math.Max(1, overlap is { } share
        ? (int)((1 - share) * samples)
        : (int)((long)samples * StepNumerator / StepDenominator));

    /// <summary>Samples that the network is shown for a piece.</summary>
    /// <param name="piece">Samples of this piece.</param>
    /// <param name="whole">Samples of a whole piece.</param>
    /// <param name="isSet">Whether the user set them.</param>
    /// <exception cref="OptionException">The network takes no length that the piece fits into.</exception>
    public int WindowOf(int piece, int whole, bool isSet) => Window switch
    {
        PieceWindow.Shortest => NetworkSamples(piece),
        PieceWindow.ShortestUnlessSet => NetworkSamples(isSet ? whole : piece),
        _ => whole,
    };

    /// <summary>The network's own length for a window: zeros fill up what is missing.</summary>
    /// <exception cref="OptionException">The window is longer than any length that the network takes.</exception>
    public int NetworkSamples(int window) => Lengths.AtLeast(window)
        ?? throw new OptionException($"A piece of {window} samples is too long for this network, which takes at most {Lengths.Most}.");

    /// <summary>Samples of the border before a track.</summary>
    /// <param name="length">Samples of the track.</param>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="step">From one piece to the next.</param>
    public int BorderOf(long length, int samples, int step) => Border switch
    {
        TrackBorder.Mirrored when length > 2L * (samples - step) => samples - step,
        TrackBorder.Zeros => BorderSamples,
        _ => 0,
    };

    /// <summary>Samples of the border behind a track.</summary>
    /// <param name="length">Samples of the track.</param>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="step">From one piece to the next.</param>
    public int BorderBehind(long length, int samples, int step)
    {
        int unit = samples - 2 * BorderSamples;
        return Border == TrackBorder.Zeros ? BorderSamples + unit - (int)(length % unit) : BorderOf(length, samples, step);
    }

    /// <summary>Refuses what no track can be cut by.</summary>
    /// <exception cref="ModelException">Names the field, its value and what is valid.</exception>
    public void Validate()
    {
        Require(Samples >= 1, $"Pieces of {Samples} samples are not possible.");
        Require(Lengths is { Least: >= 1, Step: >= 1 } && Lengths.Most >= Lengths.Least, $"{Lengths} are no lengths of a network.");
        Require(Lengths.AtLeast(Samples) is not null, $"Pieces of {Samples} samples are too long for a network that takes at most {Lengths.Most}.");
        Require(StepNumerator >= 1 && StepNumerator <= StepDenominator, $"A step of {StepNumerator}/{StepDenominator} of a piece is not possible; above 0 and at most 1 is.");
        Require(FadeDivisor >= 2, $"Fades over 1/{FadeDivisor} of a piece are not possible; at most a half is.");
        Require(
            Border == TrackBorder.Zeros ? BorderSamples >= 0 && BorderSamples < (Samples + 1) / 2 : BorderSamples == 0,
            $"A border of {BorderSamples} samples is not possible with pieces of {Samples} and the border {Border}.");
        Require(MaxShift >= 0, $"A largest shift of {MaxShift} samples is not possible.");
        Require(
            Enum.IsDefined(Window) && Enum.IsDefined(Fill) && Enum.IsDefined(Border) && Enum.IsDefined(Fade) && Enum.IsDefined(Normalization),
            $"The cut {Window}, {Fill}, {Border}, {Fade}, {Normalization} is not known.");

        static void Require(bool valid, string message)
        {
            if (!valid)
            {
                throw new ModelException(message);
            }
        }
    }
}
