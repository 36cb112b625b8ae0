namespace Stemsharp.Vulkan;

/// <summary>Pieces on their way through a session, in parts that are handed to the device one after the other.</summary>
/// <param name="Slot">Which of the session's runs at a time it is.</param>
/// <param name="Pieces">How many pieces.</param>
/// <param name="Upload">Commands that copy the pieces in; recorded for this run.</param>
/// <param name="Compute">Commands of the plan; kept from run to run.</param>
/// <param name="Download">Commands that copy the stems out; recorded for this run.</param>
internal sealed record GpuRun(int Slot, int Pieces, nint Upload, nint[] Compute, nint Download)
{
    /// <summary>Parts that were handed in.</summary>
    public int Submitted { get; set; }

    /// <summary>Whether all parts were.</summary>
    public bool IsWhole => Submitted == Compute.Length + 1;
}
