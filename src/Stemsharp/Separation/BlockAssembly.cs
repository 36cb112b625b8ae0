using System.Numerics.Tensors;
using Stemsharp.Audio;

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
    private readonly float[] _earlier;
    private long _position;

    /// <param name="bag">All passes.</param>
    /// <param name="pass">This one.</param>
    /// <param name="channels">Audio channels.</param>
    /// <param name="spool">Where stems wait; null when there is one pass only.</param>
    /// <param name="mix">The track.</param>
    /// <param name="sums">[slot of this pass × channel].</param>
    public BlockAssembly(Bag bag, int pass, int channels, StemSpool? spool, MixWindow mix, StemAccumulator[] sums)
    {
        _bag = bag;
        _pass = pass;
        _channels = channels;
        _spool = spool;
        _mix = mix;
        _sums = sums;
        _spooled = [.. Enumerable.Range(0, bag.Slots).Select(slot => bag.Passes.Take(pass).Any(p => p.Slots.Contains(slot)))];
        _block = new SeparatedBlock(bag.Slots, channels);
        _earlier = spool is null ? [] : new float[SeparatedBlock.Capacity];
    }

    private bool IsLast => _pass == _bag.Passes.Count - 1;

    /// <summary>Hands on everything before <paramref name="end"/>.</summary>
    public void Emit(long end, Action<SeparatedBlock> receive, PeakMeter[] peaks)
    {
        long begin = _position;
        while (_position < end)
        {
            _block.Start = _position;
            _block.Length = (int)Math.Min(end - _position, SeparatedBlock.Capacity);
            Fill((int)(_position - begin));
            if (IsLast)
            {
                Deliver(receive, peaks);
            }
            else
            {
                Spool();
            }

            _position += _block.Length;
        }

        if (_position > begin)
        {
            foreach (StemAccumulator sum in _sums)
            {
                sum.Advance((int)(_position - begin));
            }
        }
    }

    /// <summary>This pass's share of each stem it has one in, plus what earlier passes left.</summary>
    private void Fill(int skip)
    {
        int[] slots = _bag.Passes[_pass].Slots;
        Span<float> earlier = _earlier.AsSpan(0, _spool is null ? 0 : _block.Length);
        for (int i = 0; i < slots.Length; i++)
        {
            for (int c = 0; c < _channels; c++)
            {
                Span<float> target = _block.Stems[slots[i]][c].AsSpan(0, _block.Length);
                _sums[i * _channels + c].Next(skip + _block.Length)[skip..].CopyTo(target);
                if (_spooled[slots[i]])
                {
                    _spool!.Read(slots[i] * _channels + c, _block.Start, earlier);
                    TensorPrimitives.Add(target, earlier, target);
                }
            }
        }
    }

    private void Spool()
    {
        foreach (int slot in _bag.Passes[_pass].Slots)
        {
            for (int c = 0; c < _channels; c++)
            {
                _spool!.Write(slot * _channels + c, _block.Start, _block.Stems[slot][c].AsSpan(0, _block.Length));
            }
        }
    }

    private void Deliver(Action<SeparatedBlock> receive, PeakMeter[] peaks)
    {
        for (int c = 0; c < _channels; c++)
        {
            _mix.CopyTo(c, _block.Start, _block.Mix[c].AsSpan(0, _block.Length));
        }

        int[] own = _bag.Passes[_pass].Slots;
        foreach (int slot in Enumerable.Range(0, _bag.Slots).Except(own).Where(slot => slot != _bag.Complement))
        {
            for (int c = 0; c < _channels; c++)
            {
                _spool!.Read(slot * _channels + c, _block.Start, _block.Stems[slot][c].AsSpan(0, _block.Length));
            }
        }

        Complement();
        for (int slot = 0; slot < _bag.Wanted.Count; slot++)
        {
            foreach (float[] channel in _block.Stems[slot])
            {
                peaks[slot].Add(channel.AsSpan(0, _block.Length));
            }

            if (peaks[slot].HasNonFinite)
            {
                throw new StemsharpException(
                    $"The network gave samples that are no finite numbers near sample {_block.Start}; its weights are "
                    + "damaged or the engine is faulty. Verify the model, or try another engine.");
            }
        }

        receive(_block);
    }

    /// <summary>The mix less all that the networks give.</summary>
    private void Complement()
    {
        for (int c = 0; c < _channels && _bag.Complement is not null; c++)
        {
            Span<float> rest = _block.Stems[_bag.Complement.Value][c].AsSpan(0, _block.Length);
            _block.Mix[c].AsSpan(0, _block.Length).CopyTo(rest);
            for (int slot = 0; slot < _bag.Slots; slot++)
            {
                if (slot != _bag.Complement)
                {
                    TensorPrimitives.Subtract(rest, _block.Stems[slot][c].AsSpan(0, _block.Length), rest);
                }
            }
        }
    }
}
