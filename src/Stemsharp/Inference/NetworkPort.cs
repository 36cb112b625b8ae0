namespace Stemsharp.Inference;

/// <summary>What goes through an input or output of a network.</summary>
public enum PortRole
{
    /// <summary>
    /// Spectra by the definition's transform: of the mix [2·C, F, T], channel order left real, left imaginary, right real, right
    /// imaginary; of the stems [S·2·C, F, T].
    /// </summary>
    Spectrogram,

    /// <summary>Samples: of the mix [C, L], of the stems [S·C, L].</summary>
    Waveform,
}

/// <summary>An input or output of a network.</summary>
/// <param name="Name">As in the graph and in exports.</param>
/// <param name="Role">What goes through it.</param>
public sealed record NetworkPort(string Name, PortRole Role);
