namespace Stemsharp.Export.Onnx;

/// <summary>What goes into an exported graph and what comes out.</summary>
public enum OnnxGraphKind
{
    /// <summary>
    /// mix [N, C, L] → stems [N, S, C, L], with STFT and inverse inside, for hosts without an FFT.
    /// </summary>
    Waveform,

    /// <summary>
    /// spectrogram [N, 2·C, F, T] and waveform [N, C, L] → spectrograms [N, S, 2·C, F, T] and
    /// waveforms [N, S, C, L], for hosts with an FFT of their own.
    /// </summary>
    Spectrogram,
}
