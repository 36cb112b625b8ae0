using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Output;

/// <summary>
/// Finishes a track whose files add up to the mix: the mix waits beside the spooled stems, and when all levels are
/// known one gain is chosen and the residual assigned.
/// </summary>
internal sealed class ExactSumFinish : IDisposable
{
    private const int BlockFrames = 1 << 13;

    private readonly IReadOnlyList<LaneWriter> _lanes;
    private readonly int _residual;
    private readonly int _channels;
    private readonly SampleFormat _format;
    private readonly FloatSpool _mix;
    private readonly PeakMeter _mixPeak = new();
    private float[] _block = [];

    /// <param name="lanes">All files of the track; they spool.</param>
    /// <param name="residual">Which of them takes the residual.</param>
    /// <param name="channels">Channels of the stems.</param>
    /// <param name="mixPath">A temporary file for the mix.</param>
    internal ExactSumFinish(IReadOnlyList<LaneWriter> lanes, int residual, int channels, string mixPath)
    {
        _lanes = lanes;
        _residual = residual;
        _channels = channels;
        _format = lanes[0].Options.SampleFormat;
        _mix = new FloatSpool(mixPath);
    }

    /// <summary>The gain of stems and mix; 1 for none.</summary>
    internal float Gain { get; private set; } = 1;

    /// <summary>How deep the mix cancels against the model's stems, and against the files.</summary>
    internal (double Before, double After) NullDecibels { get; private set; }

    /// <summary>Takes the mix of a block whose stems went to the lanes.</summary>
    internal void Write(StemBlock block)
    {
        int samples = block.Length * _channels;
        if (_block.Length < samples)
            _block = new float[samples];
        block.CopyMixInterleaved(_block);
        _mixPeak.Add(_block.AsSpan(0, samples));
        OutputException.Guard(() => _mix.Write(_block.AsSpan(0, samples)));
    }

    /// <summary>Writes all files.</summary>
    internal void Complete(bool dither, CancellationToken cancellationToken)
    {
        // Whatever fits stays as it is, so that the stems of a 16-bit file add up to that file. Floats always fit.
        bool fits = _format.IsFloat() || (_mixPeak.Peak <= 1 && _lanes.All(l => l.Peak <= 1));
        Gain = fits ? 1 : ExactSum.SharedGain(_mixPeak.Peak, _lanes.Select(l => l.Peak));

        var sum = new ExactSum(_format, _lanes.Count, _residual, dither);
        Quantiser? rounding = _format.IsFloat() ? null : new Quantiser(_format.Bits(), dither: false, seed: 0);
        var before = new NullMeter();
        var after = new NullMeter();
        IAudioWriter[] writers = [.. _lanes.Select(l => l.Open())];
        float[] mix = new float[BlockFrames * _channels];
        int[] steps = new int[mix.Length];
        float[][] stems = [.. _lanes.Select(_ => new float[mix.Length])];
        for (int read; (read = _mix.Read(mix)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < stems.Length; i++)
                _lanes[i].ReadSpool(stems[i].AsSpan(0, read));
            Memory<float>[] blocks = [.. stems.Select(s => s.AsMemory(0, read))];
            ReadOnlyMemory<float>[] readable = [.. blocks];
            before.Add(mix.AsSpan(0, read), readable);
            sum.Apply(mix.AsSpan(0, read), blocks, Gain);
            for (int n = 0; n < read; n++)
                mix[n] *= Gain;
            if (rounding is not null)
            {
                rounding.Quantise(mix.AsSpan(0, read), steps);
                for (int n = 0; n < read; n++)
                    mix[n] = (float)Math.ScaleB(steps[n], 1 - _format.Bits());
            }

            after.Add(mix.AsSpan(0, read), readable);
            for (int i = 0; i < stems.Length; i++)
                writers[i].Write(stems[i].AsSpan(0, read));
        }

        foreach (LaneWriter lane in _lanes)
            lane.Close();
        NullDecibels = (before.DepthDecibels, after.DepthDecibels);
    }

    public void Dispose() => _mix.Dispose();
}
