namespace Stemsharp.Evaluation;

/// <summary>How estimates are judged; the defaults are those of museval, BSS eval version 4.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Length of a frame in seconds; more than 0. Default 1.</summary>
    public double Window { get; init; } = 1;

    /// <summary>Seconds from a frame's beginning to the next one's; more than 0. Default 1.</summary>
    public double Hop { get; init; } = 1;

    /// <summary>Taps of the distortion filters that ISR, SIR and SAR allow for; 1 … 4096. Default 512.</summary>
    public int FilterLength { get; init; } = 512;

    /// <summary>
    /// Whether the error is split into spatial distortion, interference and artefacts (ISR, SIR, SAR), which is
    /// nearly all of the work. Default true; otherwise they are NaN.
    /// </summary>
    public bool Decompose { get; init; } = true;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="OptionException">A value is out of range.</exception>
    internal void Validate()
    {
        if (!(Window > 0) || !double.IsFinite(Window))
        {
            throw new OptionException($"A window of {Window} s is not valid; use more than 0, museval's is 1.");
        }

        if (!(Hop > 0) || !double.IsFinite(Hop))
        {
            throw new OptionException($"A hop of {Hop} s is not valid; use more than 0, museval's is 1.");
        }

        if (FilterLength is < 1 or > 4096)
        {
            throw new OptionException($"A filter length of {FilterLength} taps is not valid; use 1 to 4096, museval's is 512.");
        }
    }
}

/// <summary>A stem to judge: what it should be and what a separator made of it.</summary>
/// <param name="Stem">Its name, such as <c>vocals</c>.</param>
/// <param name="Reference">The true stem.</param>
/// <param name="Estimate">The separated stem: same rate and channels; cut or continued with silence to the reference's length.</param>
public sealed record StemPair(string Stem, EvaluationSignal Reference, EvaluationSignal Estimate);
