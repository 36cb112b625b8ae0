namespace Stemsharp;

/// <summary>What a separation is doing.</summary>
public enum SeparationState
{
    /// <summary>Reading the song once: its length, its level, whether every sample is a number.</summary>
    Analyzing,

    /// <summary>Reading a network's weights and making its engine.</summary>
    LoadingModel,

    /// <summary>Running the network, segment by segment.</summary>
    Separating,

    /// <summary>Finishing files: what encoders still hold, and files whose level the whole song decides.</summary>
    Writing,

    /// <summary>Everything is done, files included.</summary>
    Done,
}

/// <summary>How far a separation is. Reported after each step, in order, one at a time, from the thread that separates.</summary>
public readonly record struct SeparationProgress
{
    /// <summary>What is being done.</summary>
    public required SeparationState State { get; init; }

    /// <summary>0 … 1 over the whole separation, all models and shifts included.</summary>
    public required double Fraction { get; init; }

    /// <summary><see cref="Fraction"/> in percent, 0 … 100.</summary>
    public double Percent => 100 * Fraction;

    /// <summary>Segments done so far, all models and shifts included.</summary>
    public required long SegmentIndex { get; init; }

    /// <summary>Segments to do in all; 0 while analyzing.</summary>
    public required long SegmentCount { get; init; }

    /// <summary>Which of the model's networks is at work, from 0.</summary>
    public required int ModelIndex { get; init; }

    /// <summary>How many networks of the model are needed for the wanted stems.</summary>
    public required int ModelCount { get; init; }

    /// <summary>Seconds of the song that are done: of <see cref="AudioSecondsTotal"/> in proportion to the segments.</summary>
    public required double AudioSecondsDone { get; init; }

    /// <summary>The song's length in seconds; 0 while it is not known.</summary>
    public required double AudioSecondsTotal { get; init; }

    /// <summary>Time since the separation began.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Time still to go, at the pace so far; null while that cannot be told.</summary>
    public TimeSpan? Remaining => Pace.Remaining(Fraction, Elapsed);

    /// <summary>Seconds of the song that are separated in a second; 0 while that cannot be told.</summary>
    public double Speed => Pace.Speed(AudioSecondsDone, Elapsed);
}
