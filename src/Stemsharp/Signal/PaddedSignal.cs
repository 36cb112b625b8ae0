using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>
/// A signal as frames see it: lengthened as its definition says, then mirrored by n/2 at both ends. Where it is too short to be
/// mirrored, zeros follow it first.
/// </summary>
internal sealed unsafe class PaddedSignal(TransformDefinition definition, int samples)
{
    private readonly int _nfft = definition.Nfft;
    private readonly int _hop = definition.Hop;

    /// <summary>Where the first frame that is kept begins in the signal; negative.</summary>
    private readonly int _first = definition.DroppedFrames * definition.Hop - definition.Nfft / 2 - definition.PadStart;

    private readonly int _padStart = definition.PadStart;
    private readonly int _padded = definition.PaddedSamples(samples);
    private readonly bool _mirrors = definition.PadMode == PaddingMode.Reflect;

    /// <summary>Samples of a frame: those of the signal itself, or copies where the frame reaches beyond it.</summary>
    /// <param name="waveform">[L].</param>
    /// <param name="frame">Which of the frames that are kept.</param>
    /// <param name="edge">Room for n samples.</param>
    /// <returns>n samples.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float* Frame(float* waveform, int frame, float* edge)
    {
        int start = _first + frame * _hop;
        if (start >= 0 && start + _nfft <= samples)
        {
            return waveform + start;
        }

        for (int i = 0; i < _nfft; i++)
        {
            int position = Lengthened(start + _padStart + i) - _padStart;
            edge[i] = Signal(waveform, position);
        }

        return edge;
    }

    /// <summary>The position in the lengthened signal that stands at one within the mirrored ends.</summary>
    private int Lengthened(int position) => Mirrored(position, Math.Max(_padded, _nfft / 2 + 1));

    /// <summary>The sample that stands at a position of the lengthened signal, counted in the signal.</summary>
    private float Signal(float* waveform, int position)
    {
        if (position >= _padded - _padStart)
        {
            return 0; // zeros that were needed to mirror
        }

        if (_mirrors)
        {
            int longest = Math.Max(_padStart, _padded - _padStart - samples);
            position = Mirrored(position, Math.Max(samples, longest + 1));
        }

        return (uint)position < (uint)samples ? waveform[position] : 0;
    }

    private static int Mirrored(int position, int length) =>
        position < 0 ? -position : position >= length ? 2 * (length - 1) - position : position;
}
