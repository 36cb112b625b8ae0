using NAudio.Wave;
using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>Plays what a reader reads.</summary>
/// <param name="reader">Of samples in memory: it is not disposed.</param>
internal sealed class ReaderSampleProvider(IAudioReader reader) : ISampleProvider
{
    public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(reader.SampleRate, reader.Channels);

    public int Read(Span<float> buffer) => reader.Read(buffer) * reader.Channels;
}
