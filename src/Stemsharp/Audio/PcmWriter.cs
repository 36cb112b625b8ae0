using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// What every writer does: samples are rounded, dithered and packed into bytes block by block, and a file keeps its
/// temporary name until it is whole. Where the bytes go is the derived class's part.
/// </summary>
internal abstract class PcmWriter : IStagedWriter
{
    private const int BufferBytes = 1 << 16;
    private readonly Quantiser? _quantiser;
    private readonly byte[] _buffer;
    private readonly int[] _integers;
    private bool _finished, _done;

    /// <param name="file">The file that is written; null for a stream of the caller's.</param>
    /// <param name="sampleRate">Frames per second.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="format">How samples are packed.</param>
    /// <param name="options">Dither.</param>
    protected PcmWriter(OutputFile? file, int sampleRate, int channels, SampleFormat format, EncodingOptions options)
    {
        File = file;
        SampleRate = sampleRate;
        Channels = channels;
        Format = format;
        int samples = Math.Max(BufferBytes / FrameBytes, 1) * channels;
        _buffer = new byte[samples * SampleCodec.Bytes(format)];
        _integers = format.IsFloat() ? [] : new int[samples];
        if (!format.IsFloat())
        {
            _quantiser = new Quantiser(format.Bits(), options.Dither, options.DitherSeed);
        }
    }

    public int SampleRate { get; }
    public int Channels { get; }
    public long ClippedSamples => _quantiser?.ClippedSamples ?? 0;

    protected OutputFile? File { get; }
    protected SampleFormat Format { get; }
    protected int FrameBytes => Channels * SampleCodec.Bytes(Format);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(ReadOnlySpan<float> interleaved)
    {
        ObjectDisposedException.ThrowIf(_finished || _done, this);
        if (interleaved.Length % Channels != 0)
        {
            throw new ArgumentException("Whole frames are written.", nameof(interleaved));
        }

        int bytesEach = SampleCodec.Bytes(Format);
        while (!interleaved.IsEmpty)
        {
            ReadOnlySpan<float> part = interleaved[..Math.Min(interleaved.Length, _buffer.Length / bytesEach)];
            Span<byte> bytes = _buffer.AsSpan(0, part.Length * bytesEach);
            if (_quantiser is null)
            {
                SampleCodec.EncodeFloats(Format, part, bytes);
            }
            else
            {
                _quantiser.Quantise(part, _integers);
                SampleCodec.EncodeIntegers(Format, _integers.AsSpan(0, part.Length), bytes);
            }

            WriteBytes(bytes);
            interleaved = interleaved[part.Length..];
        }
    }

    public void Complete()
    {
        Finish();
        Commit();
        File?.Settle();
    }

    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_finished || _done, this);
        FinishContent();
        _finished = true;
    }

    public void Commit()
    {
        ObjectDisposedException.ThrowIf(!_finished || _done, this);
        File?.Commit();
        _done = true;
    }

    public void Undo() => File?.Undo();

    public void Dispose()
    {
        _done = true;
        Close();
        File?.Dispose();
    }

    /// <summary>Takes the bytes of whole frames.</summary>
    protected abstract void WriteBytes(ReadOnlySpan<byte> bytes);

    /// <summary>Writes what follows the samples; afterwards nothing holds the file open.</summary>
    protected abstract void FinishContent();

    /// <summary>Frees everything but the file's name; called at the end in any case, maybe after <see cref="FinishContent"/>.</summary>
    protected abstract void Close();
}
