using Stemsharp.Audio;

namespace Stemsharp.Web.Sound;

/// <summary>Draws a stem's waveform.</summary>
internal static class Waveform
{
    private const int BlockSamples = 1 << 16;

    /// <summary>Reads a WAV file and writes its waveform, which is there whole or not at all.</summary>
    public static void Draw(string wav, string peaks, CancellationToken cancellationToken)
    {
        using WavReader reader = WavReader.Open(wav);
        using (PeakWriter waveform = new(peaks + ".new", reader.Channels))
        {
            float[] block = new float[BlockSamples];
            for (int read; (read = reader.Read(block)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                waveform.Write(block.AsSpan(0, read * reader.Channels));
            }
        }

        File.Move(peaks + ".new", peaks, overwrite: true);
    }
}
