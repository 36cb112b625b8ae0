using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>
/// Takes what has become final in one pass: to the spool, for the passes to come, or in the last pass together with
/// what earlier ones left there, as blocks to the receiver.
/// </summary>
internal sealed class BlockAssembly
{
    private readonly Bag _bag;
    private readonly int _pass, _channels;
    private readonly StemSpool? _spool;
    private readonly MixWindow _mix;
    private readonly StemAccumulator[] _sums;
    private readonly bool[] _spooled;
    private readonly SeparatedBlock _block;
    private readonly float[][] _earlier;
    private readonly Timeline? _timeline;
    private long _position;

    /// <param name="bag">All passes.</param>
    /// <param name="pass">This one.</param>
    /// <param name="channels">Audio channels.</param>
    /// <param name="spool">Where stems wait; null when there is one pass only.</param>
    /// <param name="mix">The track.</param>
    /// <param name="sums">[slot of this pass × channel].</param>
    /// <param name="timeline">Notes the stages; null for nobody.</param>
    public BlockAssembly(Bag bag, int pass, int channels, StemSpool? spool, MixWindow mix, StemAccumulator[] sums, Timeline? timeline)
    {
        _timeline = timeline;
        _bag = bag;
        _pass = pass;
        _channels = channels;
        _spool = spool;
        _mix = mix;
        _sums = sums;
        _spooled = [.. Enumerable.Range(0, bag.Slots).Select(slot => bag.Passes.Take(pass).Any(p => p.Slots.Contains(slot)))];
        _block = new SeparatedBlock(bag.Slots, channels);
        _earlier = [.. _spooled.Select(spooled => new float[spooled ? SeparatedBlock.Capacity : 0])];
    }

    private bool IsLast => _pass == _bag.Passes.Count - 1;

    /// <summary>Hands on everything before a sample.</summary>
    /// <param name="end">The sample, in the track's count.</param>
    /// <param name="workers">Threads that are free; the receiver may use them, too.</param>
    /// <param name="stage">The last stage before it, in the run's timeline; then the one that made the last block.</param>
    /// <param name="receive">Takes a block in the last pass.</param>
    /// <param name="peaks">The peak of each wanted stem so far.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Emit(long end, IWorkers workers, ref int stage, Action<SeparatedBlock> receive, PeakMeter[] peaks)
    {
        long begin = _position;
        _block.Workers = workers;
        while (_position < end)
        {
            _block.Start = _position;
            _block.Length = (int)Math.Min(end - _position, SeparatedBlock.Capacity);
            int skip = (int)(_position - begin);
            long began = Timeline.Now;
            if (IsLast)
            {
                Deliver(skip, peaks);
                stage = _block.Stage = _timeline?.Add("assemble", began, stage) ?? -1;
                receive(_block);
            }
            else
            {
                int[] slots = _bag.Passes[_pass].Slots;
                workers.For(slots.Length, i => Spool(i, slots[i], skip));
                stage = _timeline?.Add("spool", began, stage) ?? -1;
            }

            _position += _block.Length;
        }

        if (_position > begin)
        {
            int count = (int)(_position - begin);
            workers.For(_sums.Length, i => _sums[i].Advance(count));
        }
    }

    // What this pass gives for a stem, and what earlier ones left.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fill(int i, int slot, int skip)
    {
        Span<float> earlier = _earlier[slot].AsSpan(0, _spooled[slot] ? _block.Length : 0);
        for (int c = 0; c < _channels; c++)
        {
            Span<float> target = _block.Stems[slot][c].AsSpan(0, _block.Length);
            _sums[i * _channels + c].Next(skip + _block.Length)[skip..].CopyTo(target);
            if (_spooled[slot])
            {
                _spool!.Read(slot * _channels + c, _block.Start, earlier);
                TensorPrimitives.Add(target, earlier, target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spool(int i, int slot, int skip)
    {
        Fill(i, slot, skip);
        for (int c = 0; c < _channels; c++)
        {
            _spool!.Write(slot * _channels + c, _block.Start, _block.Stems[slot][c].AsSpan(0, _block.Length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Deliver(int skip, PeakMeter[] peaks)
    {
        int[] own = _bag.Passes[_pass].Slots;
        _block.Workers.For(_bag.Slots + 1, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (slot) =>
        {
            if (slot == _bag.Slots)
            {
                for (int c = 0; c < _channels; c++)
                {
                    _mix.CopyTo(c, _block.Start, _block.Mix[c].AsSpan(0, _block.Length));
                }
            }
            else if (slot != _bag.Complement)
            {
                Take(Array.IndexOf(own, slot), slot, skip, slot < peaks.Length ? peaks[slot] : null);
            }
        });
        if (_bag.Complement is { } complement)
        {
            _block.Workers.For(_channels, c => Complement(complement, c));
            foreach (float[] channel in _block.Stems[complement])
            {
                peaks[complement].Add(channel.AsSpan(0, _block.Length));
            }
        }

        if (peaks.Any(peak => peak.HasNonFinite))
        {
            throw new StemsharpException(
                $"The network gave samples that are no finite numbers near sample {_block.Start}; its weights are "
                + "damaged or the engine is faulty. Verify the model, or try another engine.");
        }
    }

    // A finished stem, of this pass where it has one in it; no peak where only the complement needs it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(int i, int slot, int skip, PeakMeter? peak)
    {
        if (i >= 0)
        {
            Fill(i, slot, skip);
        }

        for (int c = 0; c < _channels; c++)
        {
            Span<float> samples = _block.Stems[slot][c].AsSpan(0, _block.Length);
            if (i < 0)
            {
                _spool!.Read(slot * _channels + c, _block.Start, samples);
            }

            peak?.Add(samples);
        }
    }

    // The mix less all that the networks give.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Complement(int complement, int channel)
    {
        Span<float> rest = _block.Stems[complement][channel].AsSpan(0, _block.Length);
        _block.Mix[channel].AsSpan(0, _block.Length).CopyTo(rest);
        for (int slot = 0; slot < _bag.Slots; slot++)
        {
            if (slot != complement)
            {
                TensorPrimitives.Subtract(rest, _block.Stems[slot][channel].AsSpan(0, _block.Length), rest);
            }
        }
    }
}
