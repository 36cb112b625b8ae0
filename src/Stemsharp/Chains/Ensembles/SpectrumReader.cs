using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Separation;
using Stemsharp.Signal;
using Stemsharp.Simd;

namespace Stemsharp.Chains.Ensembles;

/// <summary>
/// Makes each bin of the same bin of all versions: transforms of 2048 points every 1024 samples, the first centred on the first
/// sample, zeros before the start and behind the end. The song passes through in blocks of whole hops; since frames lie where
/// they would lie in the whole song, the blocks do not show.
/// </summary>
internal sealed unsafe class SpectrumReader : IAudioReader
{
    private const int Hop = 1024, Nfft = 2 * Hop;

    // A block's hops, and one more on each side, where the frames around it begin and end.
    private const int BlockHops = Stft.ChunkFrames - 1, Block = BlockHops * Hop, Window = Block + 2 * Hop;

    // The outer frames, whose samples are not all in the window, are left out; the others make the block complete.
    private static readonly TransformDefinition s_definition = new() { Nfft = Nfft, Hop = Hop, Bins = Hop + 1, DroppedFrames = 1 };

    private readonly EnsembleAlgorithm _algorithm;
    private readonly IAudioReader[] _versions;
    private readonly Stft _transform;
    private readonly NativeBuffer<float> _waves, _spectra;
    private readonly float[] _read, _made;
    private readonly long _length;
    private long _position;
    private int _taken, _ready;

    /// <param name="algorithm">One that works on spectra.</param>
    /// <param name="versions">Owned.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public SpectrumReader(EnsembleAlgorithm algorithm, IAudioReader[] versions)
    {
        _algorithm = algorithm;
        _versions = versions;
        Channels = versions[0].Channels;
        SampleRate = versions[0].SampleRate;
        _length = versions.Max(version => version.Length ?? 0);
        _transform = Stft.Create(s_definition, Window);
        _waves = new NativeBuffer<float>((long)(versions.Length * Channels + 1) * Window);
        _spectra = new NativeBuffer<float>((long)versions.Length * SpectrumLength);
        _read = new float[Block * Channels];
        _made = new float[Block * Channels];

        // The first window begins a hop before the song.
        for (int version = 0; version < versions.Length; version++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                Wave(version, channel)[..Hop].Clear();
            }
        }

        Take(Hop, Hop);
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public long? Length => _length;

    private int SpectrumLength => 2 * _transform.Bins * _transform.Frames;

    public int Read(Span<float> interleaved)
    {
        if (_taken == _ready)
        {
            if (_position == _length)
            {
                return 0;
            }

            MakeBlock();
        }

        int frames = Math.Min(interleaved.Length / Channels, _ready - _taken);
        _made.AsSpan(_taken * Channels, frames * Channels).CopyTo(interleaved);
        _taken += frames;
        return frames;
    }

    public void Dispose()
    {
        foreach (IAudioReader version in _versions)
        {
            version.Dispose();
        }

        _transform.Dispose();
        _waves.Dispose();
        _spectra.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MakeBlock()
    {
        // The window holds the hop before the block and, by the last reading, the block's first one.
        Take(2 * Hop, Block);
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int version = 0; version < _versions.Length; version++)
            {
                fixed (float* wave = Wave(version, channel))
                {
                    _transform.Forward(wave, 0, _spectra.Data + (long)version * SpectrumLength);
                }
            }

            Join();
            Span<float> output = Wave(_versions.Length, 0);
            output.Clear();
            fixed (float* wave = output)
            {
                _transform.Inverse(_spectra.Data, 0, wave, null);
            }

            for (int i = 0; i < Block; i++)
            {
                _made[i * Channels + channel] = output[Hop + i];
            }
        }

        _ready = (int)Math.Min(Block, _length - _position);
        _taken = 0;
        _position += _ready;
        for (int version = 0; version < _versions.Length; version++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                Span<float> wave = Wave(version, channel);
                wave[Block..].CopyTo(wave);
            }
        }
    }

    /// <summary>Reads the next samples of all versions to a place in their windows; zeros follow the song.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(int place, int count)
    {
        for (int version = 0; version < _versions.Length; version++)
        {
            Span<float> block = _read.AsSpan(0, count * Channels);
            int frames = FullRead.Frames(_versions[version], block);
            block[(frames * Channels)..].Clear();
            for (int channel = 0; channel < Channels; channel++)
            {
                Span<float> wave = Wave(version, channel).Slice(place, count);
                for (int i = 0; i < count; i++)
                {
                    wave[i] = block[i * Channels + channel];
                }
            }
        }
    }

    // All versions' bins become the first one's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Join()
    {
        int half = SpectrumLength / 2;
        float* first = _spectra.Data;
        if (_algorithm == EnsembleAlgorithm.MedianSpectrum)
        {
            Span<float> parts = stackalloc float[_versions.Length];
            for (int i = 0; i < SpectrumLength; i++)
            {
                for (int version = 0; version < parts.Length; version++)
                {
                    parts[version] = first[(long)version * SpectrumLength + i];
                }

                first[i] = WaveReader.Median(parts);
            }

            return;
        }

        bool largest = _algorithm is EnsembleAlgorithm.MaximumSpectrum or EnsembleAlgorithm.UvrMaximumSpectrum;
        bool last = _algorithm is EnsembleAlgorithm.UvrMaximumSpectrum or EnsembleAlgorithm.UvrMinimumSpectrum;
        for (int i = 0; i < half; i++)
        {
            double best = Power(first, i, half);
            float* found = first;
            for (int version = 1; version < _versions.Length; version++)
            {
                float* other = first + (long)version * SpectrumLength;
                double power = Power(other, i, half);
                if ((largest ? power > best : power < best) || (last && power == best))
                {
                    best = power;
                    found = other;
                }
            }

            (first[i], first[half + i]) = (found[i], found[half + i]);
        }

        static double Power(float* spectrum, int i, int half) => (double)spectrum[i] * spectrum[i] + (double)spectrum[half + i] * spectrum[half + i];
    }

    private Span<float> Wave(int version, int channel) => new(_waves.Data + (long)(version * Channels + channel) * Window, Window);
}
