using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp.Evaluation;

/// <summary>A recording to be judged or to judge by; read several times, so it stands for a way to open it.</summary>
public sealed class EvaluationSignal
{
    private readonly Func<CancellationToken, IAudioReader> _open;

    private EvaluationSignal(string name, Func<CancellationToken, IAudioReader> open)
    {
        Name = name;
        _open = open;
    }

    /// <summary>What messages call it: the file's path, or a short description.</summary>
    public string Name { get; }

    /// <summary>An audio file, of any format that <see cref="AudioFiles"/> opens.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="AudioException">It is a pipe, which can be read only once.</exception>
    public static EvaluationSignal FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (SpecialFile.TypeOf(path) == FileType.Pipe)
        {
            throw new AudioException($"'{path}' is a pipe, which can be read only once; what is judged is read several times. Give a file.") { Failure = AudioFailure.Unsupported };
        }

        return new EvaluationSignal(path, cancellationToken => AudioFiles.Open(path, null, cancellationToken));
    }

    /// <summary>Samples in memory, not copied.</summary>
    /// <param name="channels">[channel][sample], all channels of one length.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="OptionException">There is no channel, or the channels differ in length.</exception>
    public static EvaluationSignal FromSamples(IReadOnlyList<float[]> channels, int sampleRate, string name = "samples")
    {
        ArgumentNullException.ThrowIfNull(channels);
        if (channels.Count == 0 || channels.Any(channel => channel.Length != channels[0].Length))
        {
            throw new OptionException($"The channels of {name} hold {string.Join(", ", channels.Select(channel => channel.Length))} samples; pass at least one, all of one length.");
        }

        return new EvaluationSignal(name, _ => new MemoryReader(channels, sampleRate));
    }

    internal IAudioReader Open(CancellationToken cancellationToken) => _open(cancellationToken);

    private sealed class MemoryReader(IReadOnlyList<float[]> channels, int sampleRate) : IAudioReader
    {
        private int _position;

        public int SampleRate => sampleRate;

        public int Channels => channels.Count;

        public long? Length => channels[0].Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Read(Span<float> interleaved)
        {
            int frames = Math.Min(interleaved.Length / channels.Count, channels[0].Length - _position);
            for (int c = 0; c < channels.Count; c++)
            {
                for (int i = 0; i < frames; i++)
                {
                    interleaved[i * channels.Count + c] = channels[c][_position + i];
                }
            }

            _position += frames;
            return frames;
        }

        public void Dispose() { }
    }
}
