using System.Globalization;
using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>Reads what FFmpeg decodes, as 32-bit floats through a pipe.</summary>
internal sealed class FFmpegReader : IJudgingReader
{
    private const int BufferBytes = 1 << 16;
    private readonly FFmpegProcess _process;
    private readonly Action<long, bool, bool> _judge;
    private readonly string _path, _name;
    private readonly byte[] _buffer;
    private readonly int _frameBytes;
    private int _kept;
    private long _frames;
    private bool _ended;

    /// <param name="tool">FFmpeg.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="info">What the probe said.</param>
    /// <param name="stream">The sound's stream.</param>
    /// <param name="options">Limits.</param>
    /// <param name="judge">Told once how many frames were read, whether that is the end, and whether FFmpeg complained.</param>
    /// <param name="cancellation">Ends the decoder.</param>
    public FFmpegReader(
        FFmpegTool tool, string path, string name, AudioInfo info, int stream, AudioInputOptions options, Action<long, bool, bool> judge, CancellationToken cancellation)
    {
        _judge = judge;
        _path = path;
        _name = name;
        SampleRate = info.SampleRate;
        Channels = info.Channels;
        _frameBytes = 4 * Channels;
        _buffer = new byte[Math.Max(BufferBytes / _frameBytes, 1) * _frameBytes];
        List<string> arguments =
        [
            .. FFmpegInput.Common, "-vn", "-sn", "-dn", .. FFmpegInput.Untrusted(path), "-map", string.Create(CultureInfo.InvariantCulture, $"0:{stream}"), "-c:a", "pcm_f32le",
            "-ar", SampleRate.ToString(CultureInfo.InvariantCulture),
        ];
        // Holds the number of channels where a file changes it midway. With more than two, FFmpeg would remix to its
        // default layout and change levels.
        if (Channels <= 2)
        {
            arguments.AddRange(["-ac", Channels.ToString(CultureInfo.InvariantCulture)]);
        }

        arguments.AddRange(["-f", "f32le", "pipe:1"]);
        _process = new FFmpegProcess(tool.Path, arguments, options.StallLimit, cancellation);
    }

    public int SampleRate { get; }
    public int Channels { get; }

    /// <summary>Containers' durations are estimates; the length is known at the end.</summary>
    public long? Length => null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int want = Math.Min(interleaved.Length / Channels * _frameBytes, _buffer.Length);
        if (_ended || want == 0)
        {
            return 0;
        }

        while (_kept < _frameBytes)
        {
            int got;
            try
            {
                got = _process.Read(_buffer.AsSpan(_kept, Math.Max(want, _frameBytes) - _kept));
            }
            catch (IOException error)
            {
                _process.ThrowIfCancelled();
                throw new AudioException($"'{_name}' can't be decoded: {error.Message}", error) { Failure = AudioFailure.Damaged };
            }

            if (got == 0)
            {
                End();
                return 0;
            }

            _kept += got;
        }

        int frames = _kept / _frameBytes, bytes = frames * _frameBytes;
        SampleCodec.Decode(SampleFormat.Float32, _buffer, interleaved[..(frames * Channels)]);
        _buffer.AsSpan(bytes, _kept - bytes).CopyTo(_buffer);
        _kept -= bytes;
        _frames += frames;
        return frames;
    }

    public void Leave()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _process.Stop();
        _judge(_frames, false, _process.HasSpoken);
    }

    public void Dispose() => _process.Dispose();

    private void End()
    {
        _ended = true;
        int code = _process.Finish(out string? fault);
        if (code != 0 || fault is not null)
        {
            throw new AudioException($"'{_name}' can't be decoded. FFmpeg says: {FFmpegProbe.Readable(fault ?? _process.Message, _path)}.") { Failure = AudioFailure.Damaged };
        }

        if (_frames == 0)
        {
            throw new AudioException($"'{_name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples };
        }

        _judge(_frames, true, _process.HasSpoken);
    }
}
