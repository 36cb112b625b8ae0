using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>How a recording of more than two channels becomes one of two.</summary>
public enum Downmix
{
    /// <summary>The first two channels, front left and right, as the original takes them. What is in the centre is lost.</summary>
    First,

    /// <summary>Left is the mean of the channels on the left and in the middle, right that of those on the right and in the middle.</summary>
    Mix,

    /// <summary>
    /// ITU-R BS.775: front channels as they are, centre and surround channels at −3 dB, no bass channel; all scaled so that nothing can clip that did
    /// not clip.
    /// </summary>
    Itu,
}

/// <summary>How much of each channel goes to the left and to the right.</summary>
internal static class DownmixTable
{
    private const float MinusThreeDecibels = 0.70710678f;

    // Bits of WAV's channel mask.
    private const int FrontLeft = 1, FrontRight = 2, FrontCentre = 4, Bass = 8, BackLeft = 0x10, BackRight = 0x20, LeftOfCentre = 0x40, RightOfCentre = 0x80,
        BackCentre = 0x100, SideLeft = 0x200, SideRight = 0x400;

    private const int Front = FrontLeft | FrontRight | LeftOfCentre | RightOfCentre;
    private const int Left = FrontLeft | BackLeft | LeftOfCentre | SideLeft, Right = FrontRight | BackRight | RightOfCentre | SideRight;

    /// <summary>The speakers of so many channels in a file that does not say.</summary>
    public static int UsualMask(int channels) => channels switch
    {
        3 => FrontLeft | FrontRight | FrontCentre,
        4 => FrontLeft | FrontRight | BackLeft | BackRight,
        5 => FrontLeft | FrontRight | FrontCentre | BackLeft | BackRight,
        6 => FrontLeft | FrontRight | FrontCentre | Bass | BackLeft | BackRight,
        7 => FrontLeft | FrontRight | FrontCentre | Bass | BackCentre | SideLeft | SideRight,
        8 => FrontLeft | FrontRight | FrontCentre | Bass | BackLeft | BackRight | SideLeft | SideRight,
        _ => 0,
    };

    /// <summary>Factors, [2, channels].</summary>
    /// <param name="how">How.</param>
    /// <param name="channels">Channels there are, more than two.</param>
    /// <param name="mask">Their speakers; 0 for channels without places, which all count as centre.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float[] Of(Downmix how, int channels, int mask)
    {
        float[] table = new float[2 * channels];
        if (how == Downmix.First)
        {
            (table[0], table[channels + 1]) = (1, 1);
            return table;
        }

        for (int c = 0, left = mask; c < channels; c++, left &= left - 1)
        {
            int speaker = left & -left;
            float factor = how == Downmix.Mix ? 1 : (speaker & Bass) != 0 ? 0 : (speaker & Front) != 0 || mask == 0 ? 1 : MinusThreeDecibels;
            table[c] = (speaker & Right) != 0 ? 0 : factor;
            table[channels + c] = (speaker & Left) != 0 ? 0 : factor;
        }

        float most = Math.Max(table.Take(channels).Sum(), table.Skip(channels).Sum());
        return [.. table.Select(f => f / most)];
    }
}
