using System.Runtime.CompilerServices;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>How one network's pass cuts one track: the definition's rules, with what the user set.</summary>
internal sealed class PassCut
{
    private readonly long _length;
    private readonly SeparationSettings _settings;
    private readonly IReadOnlyList<int> _offsets;
    private readonly int? _stride;
    private readonly int _border;
    private readonly int _borderBehind;

    /// <param name="pass">The network.</param>
    /// <param name="track">The track's name, for messages.</param>
    /// <param name="length">Its samples.</param>
    /// <param name="settings">What the user set.</param>
    /// <exception cref="OptionException">The settings do not fit the network or the track.</exception>
    public PassCut(BagPass pass, string track, long length, SeparationSettings settings)
    {
        Definition = pass.Member.Definition;
        _length = length;
        _settings = settings;
        int maxShift = Definition.Cut.MaxShift;
        _offsets = settings.Offsets?.Invoke(pass.Index, maxShift) ?? [maxShift];
        if (maxShift == 0 && (_offsets.Count > 1 || _offsets[0] != 0))
        {
            throw new OptionException("Shifted runs mean nothing for this model: its pieces lie where it was trained to have them. Leave shifts out.");
        }

        long longest = length + maxShift - _offsets.Min();
        Samples = SamplesOf(longest);
        if (!settings.Split && longest > Samples)
        {
            throw new OptionException(
                $"'{track}' has {longest} samples{(longest > length ? " with its shift" : "")}, "
                + $"but without splitting the model takes at most {Samples} ({(double)Samples / Definition.SampleRate:0.##} s). "
                + "Let it be split into segments, or take a shorter part.");
        }

        _stride = settings.Split ? Definition.Cut.StepOf(Samples, settings.Overlap) : null;
        if (_stride is { } step)
        {
            _border = Definition.Cut.BorderOf(length, Samples, step);
            _borderBehind = Definition.Cut.BorderBehind(length, Samples, step);
        }
    }

    /// <summary>The network's definition.</summary>
    public NetworkDefinition Definition { get; }

    /// <summary>Samples of a whole piece.</summary>
    public int Samples { get; }

    /// <summary>Samples of the track that the network is shown for a whole piece, at least as many as for any other.</summary>
    public int LongestWindow => Definition.Cut.WindowOf(Samples, Samples, _settings.SegmentSamples is not null);

    /// <summary>Samples that are mirrored at each end of the track.</summary>
    public int Mirrored => Definition.Cut.Border == TrackBorder.Mirrored ? _border : 0;

    /// <summary>How many shifted runs there are.</summary>
    public int Runs => _offsets.Count;

    /// <summary>The pieces, in order.</summary>
    public ChunkSchedule Schedule() => new(_length, Samples, _stride, _offsets, Definition.Cut.MaxShift, _border, _borderBehind);

    /// <summary>The fades between them.</summary>
    public PieceWeights Weights() => PieceWeights.Of(
        Definition.Cut, Samples, _stride, _settings.TransitionPower, _border + _length + _borderBehind);

    /// <summary>What the network is shown for a chunk.</summary>
    public Piece PieceOf(Chunk chunk, long final)
    {
        int window = Definition.Cut.WindowOf(chunk.Length, Samples, _settings.SegmentSamples is not null);
        return new Piece(chunk, window, Definition.Cut.NetworkSamples(window), final);
    }

    /// <summary>The stretch of the track, and of what lies around it, that the network is shown for a piece.</summary>
    public (long Start, int Length) Shown(Piece piece) => Definition.Cut.Fill == PieceFill.Centred
        ? (piece.Chunk.WindowStart(piece.Window), piece.Window)
        : (piece.Chunk.Start, piece.Chunk.Length);

    /// <summary>Fills what is not of the track.</summary>
    /// <param name="input">A channel, filled up to <paramref name="shown"/>.</param>
    /// <param name="shown">Samples of the track.</param>
    /// <param name="window">Samples of the window; zeros follow it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FillRest(Span<float> input, int shown, int window)
    {
        Span<float> rest = input[shown..window];
        if (Definition.Cut.Fill == PieceFill.Mirrored && shown > window / 2)
        {
            for (int i = 0; i < rest.Length; i++)
            {
                rest[i] = input[shown - 2 - i];
            }
        }
        else
        {
            rest.Clear();
        }

        input[window..].Clear();
    }

    /// <summary>Where a piece's own samples begin in what the network gives.</summary>
    public int TrimOf(Piece piece) => Definition.Cut.Fill == PieceFill.Centred ? (piece.Window - piece.Chunk.Length) / 2 : 0;

    private int SamplesOf(long longest)
    {
        PieceCut cut = Definition.Cut;
        if (!_settings.Split && _settings.SegmentSamples is null && cut.Lengths.Most > Math.Max(longest, cut.Samples))
        {
            return (int)Math.Max(longest, cut.Samples);
        }

        int samples = _settings.SegmentSamples ?? cut.Samples, least = Definition.ShortestPiece;
        if (samples < least || cut.Lengths.AtLeast(samples) is null)
        {
            double rate = Definition.SampleRate;
            string most = cut.Lengths.Most == cut.Samples
                ? $"{least / rate:0.##} s to {cut.Samples / rate:0.####} s, the length it was trained on, are valid."
                : $"{least / rate:0.##} s and more are valid; it was trained on {cut.Samples / rate:0.####} s.";
            throw new OptionException($"A segment of {samples / rate:0.####} s is not possible with this model: {most}");
        }

        return samples;
    }
}
