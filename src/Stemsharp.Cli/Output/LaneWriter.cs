using Stemsharp.Audio;

namespace Stemsharp.Cli.Output;

/// <summary>Writes one lane's file, at once or, where its level is known only at the end, from a spool.</summary>
internal sealed class LaneWriter : IDisposable
{
    private const int BlockFrames = 1 << 14;

    private readonly SeparationInfo _info;
    private readonly CancellationToken _cancellationToken;
    private readonly PeakMeter _peak = new();
    private FloatSpool? _spool;
    private IAudioWriter? _writer;
    private float[] _copy = [];
    private long _clipped;

    internal LaneWriter(
        Lane lane, string path, SeparationInfo info, EncodingOptions options, bool spools, CancellationToken cancellationToken)
    {
        Lane = lane;
        FilePath = path;
        Options = options;
        _info = info;
        _cancellationToken = cancellationToken;
        if (spools)
            _spool = new FloatSpool(path + ".f32");
        else
            _writer = Open();
    }

    internal Lane Lane { get; }

    internal string FilePath { get; }

    internal EncodingOptions Options { get; }

    /// <summary>The largest absolute sample so far.</summary>
    internal float Peak => _peak.Peak;

    /// <summary>Takes the next samples, channels interleaved.</summary>
    internal void Write(ReadOnlySpan<float> samples, ClipMode mode)
    {
        _peak.Add(samples);
        if (_spool is not null)
        {
            _spool.Write(samples);
            return;
        }

        if (_copy.Length < samples.Length)
            _copy = new float[samples.Length];
        Span<float> copy = _copy.AsSpan(0, samples.Length);
        samples.CopyTo(copy);
        Clipping.Apply(copy, mode);
        _writer!.Write(copy);
    }

    /// <summary>Reads back what was spooled.</summary>
    internal int ReadSpool(Span<float> samples) => _spool!.Read(samples);

    /// <summary>Opens the file for samples that are final.</summary>
    internal IAudioWriter Open() => _writer =
        AudioFiles.Create(FilePath, _info.SampleRate, _info.Channels, Options, _cancellationToken);

    /// <summary>Finishes the file.</summary>
    internal void Complete(ClipMode mode, float gain, CancellationToken cancellationToken)
    {
        if (_spool is not null)
        {
            Open();
            float[] block = new float[BlockFrames * _info.Channels];
            for (int read; (read = _spool.Read(block)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Clipping.Apply(block.AsSpan(0, read), mode, gain);
                _writer!.Write(block.AsSpan(0, read));
            }
        }

        Close();
    }

    /// <summary>Gives the file its name and frees the spool.</summary>
    internal void Close()
    {
        _writer!.Complete();
        _clipped = _writer.ClippedSamples;
        _writer.Dispose();
        _writer = null;
        _spool?.Dispose();
        _spool = null;
    }

    internal MadeFile Made(float gain) => new(Lane.Name, FilePath, gain, _clipped);

    public void Dispose()
    {
        _writer?.Dispose();
        _spool?.Dispose();
    }
}
