using Stemsharp.Audio;

namespace Stemsharp.Web.Sound;

/// <summary>
/// A float WAV file that grows: its header tells the full length from the start, so that players can fetch what is
/// there already.
/// </summary>
internal sealed class GrowingWav : IDisposable
{
    private static readonly EncodingOptions Floats = new() { SampleFormat = SampleFormat.Float32 };
    private readonly FileStream _file;
    private readonly WavWriter _writer;

    public GrowingWav(string path, int sampleRate, int channels, long frames)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        try
        {
            _writer = new WavWriter(_file, sampleRate, channels, Floats, length: frames);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of such a file when it has grown to its end.</summary>
    public static long FullBytes(int sampleRate, int channels, long frames)
    {
        using MemoryStream header = new();
        using WavWriter writer = new(header, sampleRate, channels, Floats, length: frames);
        return header.Length + frames * channels * sizeof(float);
    }

    public void Write(ReadOnlySpan<float> interleaved) => _writer.Write(interleaved);

    /// <summary>Makes what was written visible to readers.</summary>
    public void Flush() => _file.Flush();

    public void Dispose()
    {
        _writer.Dispose();
        _file.Dispose();
    }
}
