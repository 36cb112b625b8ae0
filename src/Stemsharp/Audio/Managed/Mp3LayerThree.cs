using System.Runtime.CompilerServices;
using NLayer;

namespace Stemsharp.Audio;

/// <summary>
/// NLayer's decoder of layer 3, with two tables of it mended. NLayer 3.0.1 has no windows for the last band of short blocks (above 11.7 kHz at
/// 44.1 kHz) and gives all of it the gain of the first one: encoders at variable bit rates have a gain for each window, so that their
/// transients come out 50 dB below full scale off. And a band of long blocks at 24 kHz begins two lines early. The tables are private, and
/// reached without reflection; a test has files that tell. What else it does otherwise than the standard is in its code: <see cref="WhyNot"/>.
/// </summary>
internal sealed class Mp3LayerThree
{
    private const string Decoder = "NLayer.Decoder.LayerIIIDecoder, NLayer";
    private const int LargestFrame = 1152, LastBand = 12, Windows = 3;
    // Of the table of long blocks: the row of 24 kHz, and the band that begins at line 332 (ISO/IEC 13818-3, table B.8).
    private const int RateOf24 = 4, BandOf24 = 18, LineOf24 = 332;

    private readonly object _decoder = New();
    private readonly float[] _left = new float[LargestFrame], _right = new float[LargestFrame];
    private int[]? _bands;

    static Mp3LayerThree() => LongBands(null)[RateOf24][BandOf24] = LineOf24;

    /// <summary>
    /// What of a frame the library does not decode as the standard says, in words; null where it decodes all. It splits the
    /// coefficients of short blocks at 8 kHz, and of mixed blocks below 32 kHz, as at other rates, and places intensity stereo wrongly.
    /// </summary>
    /// <param name="frame">The frame.</param>
    public static string? WhyNot(Mp3Frame frame) =>
        frame.Layer != MpegLayer.LayerIII ? null
        : frame.SampleRate == 8000 ? "an MP3 file at 8 kHz"
        : frame.IsIntensityStereo ? "an MP3 file with intensity stereo"
        : frame.Version != MpegVersion.Version1 && frame.HasMixedBlocks() ? $"an MP3 file at {frame.SampleRate} Hz with mixed blocks"
        : null;

    /// <summary>Decodes a frame of layer 3.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="interleaved">Gets the samples of its one or two channels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Decode(Mp3Frame frame, Span<float> interleaved)
    {
        frame.Reset();
        PrepareTables(_decoder, frame);
        int[] bands = ShortBands(_decoder);
        if (bands != _bands)
        {
            _bands = bands;
            byte[] windows = ShortWindows(_decoder);
            int width = bands[LastBand + 1] - bands[LastBand];
            for (int window = 0; window < Windows; window++)
            {
                windows.AsSpan(Windows * bands[LastBand] + window * width, width).Fill((byte)window);
            }
        }

        int count = DecodeFrame(_decoder, frame, _left, _right);
        if (frame.Channels == 1)
        {
            _left.AsSpan(0, count).CopyTo(interleaved);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            interleaved[2 * i] = _left[i];
            interleaved[2 * i + 1] = _right[i];
        }
    }

    /// <summary>Forgets the frames before.</summary>
    public void Reset() => ResetForSeek(_decoder);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType(Decoder)]
    private static extern object New();

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "DecodeFrame")]
    private static extern int DecodeFrame([UnsafeAccessorType(Decoder)] object decoder, IMpegFrame frame, float[] left, float[] right);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "ResetForSeek")]
    private static extern void ResetForSeek([UnsafeAccessorType(Decoder)] object decoder);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "PrepTables")]
    private static extern void PrepareTables([UnsafeAccessorType(Decoder)] object decoder, IMpegFrame frame);

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "_sfBandIndexLTable")]
    private static extern ref int[][] LongBands([UnsafeAccessorType(Decoder)] object? decoder);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_sfBandIndexS")]
    private static extern ref int[] ShortBands([UnsafeAccessorType(Decoder)] object decoder);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_cbwLookupS")]
    private static extern ref byte[] ShortWindows([UnsafeAccessorType(Decoder)] object decoder);
}
