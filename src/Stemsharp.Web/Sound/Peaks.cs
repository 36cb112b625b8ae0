using System.Buffers.Binary;

namespace Stemsharp.Web.Sound;

/// <summary>
/// A waveform to be drawn: the smallest and the largest sample of every <see cref="FramesPerPeak"/> frames, over all
/// channels, as pairs of signed bytes. Served in the data format of BBC's audiowaveform, which common waveform
/// viewers read.
/// </summary>
internal sealed class PeakWriter(string path, int channels) : IDisposable
{
    public const int FramesPerPeak = 512;
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 12);
    private int _frames;
    private float _low, _high;

    public void Write(ReadOnlySpan<float> interleaved)
    {
        while (!interleaved.IsEmpty)
        {
            int count = Math.Min(interleaved.Length, (FramesPerPeak - _frames) * channels);
            foreach (float sample in interleaved[..count])
            {
                _low = Math.Min(_low, sample);
                _high = Math.Max(_high, sample);
            }
            _frames += count / channels;
            if (_frames == FramesPerPeak)
            {
                End();
            }

            interleaved = interleaved[count..];
        }
    }

    public void Flush() => _file.Flush();

    public void Dispose()
    {
        if (_frames > 0)
        {
            End();
        }

        _file.Dispose();
    }

    private void End()
    {
        _file.Write([ToByte(_low), ToByte(_high)]);
        (_frames, _low, _high) = (0, 0, 0);
    }

    private static byte ToByte(float sample) => (byte)(sbyte)Math.Clamp(MathF.Round(sample * 127), -127, 127);
}

/// <summary>Reads what <see cref="PeakWriter"/> has written so far.</summary>
internal static class Peaks
{
    /// <summary>Pairs of smallest and largest, each standing for <paramref name="framesPerPeak"/> frames.</summary>
    /// <param name="path">The file.</param>
    /// <param name="framesPerPeak">A multiple of <see cref="PeakWriter.FramesPerPeak"/>.</param>
    public static sbyte[] Read(string path, int framesPerPeak)
    {
        byte[] all;
        using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            all = new byte[file.Length & ~1L];
            file.ReadExactly(all);
        }
        int group = framesPerPeak / PeakWriter.FramesPerPeak, peaks = all.Length / 2;
        sbyte[] pairs = new sbyte[2 * ((peaks + group - 1) / group)];
        for (int i = 0; i < peaks; i++)
        {
            int at = 2 * (i / group);
            pairs[at] = Math.Min(pairs[at], (sbyte)all[2 * i]);
            pairs[at + 1] = Math.Max(pairs[at + 1], (sbyte)all[2 * i + 1]);
        }
        return pairs;
    }

    /// <summary>Version 2 of the audiowaveform data format: a header of six 32-bit numbers, then the pairs.</summary>
    public static byte[] ToDat(sbyte[] pairs, int sampleRate, int framesPerPeak)
    {
        byte[] dat = new byte[24 + pairs.Length];
        ReadOnlySpan<int> header = [2, 1, sampleRate, framesPerPeak, pairs.Length / 2, 1];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(dat.AsSpan(4 * i), header[i]);
        }

        pairs.AsSpan().CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, sbyte>(dat.AsSpan(24)));
        return dat;
    }
}
