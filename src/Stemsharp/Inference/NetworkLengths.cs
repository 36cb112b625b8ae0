namespace Stemsharp.Inference;

/// <summary>
/// The lengths that a network takes, in samples: <see cref="Least"/>, and every <see cref="Step"/> further, up to
/// <see cref="Most"/>. One length is (n, 1, n); any length is (1, 1, <see cref="int.MaxValue"/>).
/// </summary>
/// <param name="Least">The shortest, at least 1.</param>
/// <param name="Step">From one length to the next, at least 1.</param>
/// <param name="Most">No length is above it.</param>
public readonly record struct NetworkLengths(int Least, int Step, int Most)
{
    /// <summary>Any length.</summary>
    public static NetworkLengths Any { get; } = new(1, 1, int.MaxValue);

    /// <summary>One length only.</summary>
    public static NetworkLengths Only(int samples) => new(samples, 1, samples);

    /// <summary>Any length up to one.</summary>
    public static NetworkLengths UpTo(int samples) => new(1, 1, samples);

    /// <summary>Whether there is only one.</summary>
    public bool IsOne => Most - Least < Step;

    /// <summary>Whether the network takes it.</summary>
    public bool Takes(int samples) => samples >= Least && samples <= Most && (samples - Least) % Step == 0;

    /// <summary>The shortest length that is at least <paramref name="samples"/>; null where that is too long.</summary>
    public int? AtLeast(int samples)
    {
        long steps = samples <= Least ? 0 : ((long)samples - Least + Step - 1) / Step;
        long length = Least + steps * Step;
        return length <= Most ? (int)length : null;
    }
}
