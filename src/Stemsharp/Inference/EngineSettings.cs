using Microsoft.Extensions.Logging;

namespace Stemsharp.Inference;

/// <summary>The arithmetic of an engine's products. Statistics, norms, softmax and transforms are in single precision always.</summary>
public enum EnginePrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>
    /// Products of 16-bit operands with sums in single precision, where they cost little accuracy: faster on devices that have them,
    /// some 60 to 80 dB from the exact result instead of 110 to 120.
    /// </summary>
    Mixed,
}

/// <summary>How an engine is to be opened.</summary>
public sealed record EngineSettings
{
    /// <summary>Threads of the processor, at least 1.</summary>
    public required int Threads { get; init; }

    /// <summary>The device, by its number or a part of its name, as the backend counts them; null for the backend's first choice.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// The precision that is asked for. A backend that lacks it refuses, or runs a better one and says so in
    /// <see cref="EngineIdentity.Precision"/>.
    /// </summary>
    public EnginePrecision Precision { get; init; }

    /// <summary>How many pieces are to run at once; 0 leaves it to the backend.</summary>
    public int PiecesAtOnce { get; init; }

    /// <summary>No more pieces run at once, whatever else is asked for: for a limit of memory.</summary>
    public int MostPiecesAtOnce { get; init; } = int.MaxValue;

    /// <summary>Whether to time each step, where the backend can.</summary>
    public bool Profile { get; init; }

    /// <summary>Told what the user should know while it opens and runs: that it takes long, what went where. Null for nobody.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>Told what the backend's own libraries say of their own accord. Null for nobody.</summary>
    public ILogger? Logger { get; init; }
}

/// <summary>What an engine is.</summary>
/// <param name="Backend">The backend's name, such as <c>cpu</c>.</param>
/// <param name="Device">The device, as its vendor calls it, or the instruction set.</param>
/// <param name="Precision">The precision that it runs.</param>
public sealed record EngineIdentity(string Backend, string Device, EnginePrecision Precision)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Backend} ({Device}, {Precision.ToString().ToLowerInvariant()})";
}

/// <summary>Pieces that one engine made, one after another.</summary>
/// <param name="Engine">What it is.</param>
/// <param name="Description">Its own text, with threads.</param>
/// <param name="First">The first of them, counted from 0 over all pieces that needed a network.</param>
/// <param name="Pieces">How many.</param>
public sealed record EngineShare(EngineIdentity Engine, string Description, long First, long Pieces)
{
    /// <summary>Appends a share, or lets the last one grow where the same engine went on.</summary>
    /// <param name="shares">The shares so far.</param>
    /// <param name="next">What came behind them.</param>
    internal static void Append(List<EngineShare> shares, EngineShare next)
    {
        if (shares.Count > 0 && shares[^1].Engine == next.Engine)
        {
            shares[^1] = shares[^1] with { Description = next.Description, Pieces = shares[^1].Pieces + next.Pieces };
        }
        else
        {
            shares.Add(next);
        }
    }
}

/// <summary>Memory in bytes that an engine takes.</summary>
/// <param name="Host">Of the host, for weights and one piece.</param>
/// <param name="HostPerPiece">Of the host, for each further piece at once.</param>
/// <param name="Device">Of the device, for weights and one piece; 0 where it has none of its own.</param>
/// <param name="DevicePerPiece">Of the device, for each further piece at once.</param>
public sealed record EngineMemory(long Host, long HostPerPiece, long Device = 0, long DevicePerPiece = 0);
